"""Muon: momentum whose matrices are made orthogonal before each step (Jordan et al. 2024)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from sightline.training.precision import computes_bf16

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the odd polynomial that drives singular values to about one in few rounds; not exactly, which no step needs."""
EPSILON = 1e-7


class Muon(torch.optim.SGD):
    """Stochastic gradient descent with Nesterov momentum, whose matrices take orthogonal steps.

    torch's takes no filters of convolutions, timm's has AdamW beside it, neither keeps norms (decision 17).

    A matrix is what a group with `matrix` true holds; filters of convolutions count as matrices, an output channel a
    row. Its rate is the group's rate times `matrix_lr / lr`, so that schedules hold for both kinds alike.

    Args:
        groups: parameter groups, each with a `matrix` of its own.
        lr: rate of what is no matrix.
        momentum: of what is no matrix.
        matrix_lr: rate of matrices, relative to steps whose singular values are one.
        matrix_momentum: of the matrices.
        keep_norm: scale each matrix of n rows to the norm sqrt(n) before its step: for networks whose normalisation
            makes the size of their filters immaterial. Weight decay is then left out.
        iterations: rounds of the Newton-Schulz iteration.
    """

    def __init__(
        self,
        groups: Sequence[dict[str, object]],
        *,
        lr: float,
        momentum: float,
        matrix_lr: float,
        matrix_momentum: float,
        keep_norm: bool,
        iterations: int,
    ) -> None:
        super().__init__(groups, lr=lr, momentum=momentum, nesterov=True)
        self._relative = matrix_lr / lr
        self._matrix_momentum = matrix_momentum
        self._keep_norm = keep_norm
        self._iterations = iterations

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        loss = closure() if closure is not None else None
        gradients: list[tuple[Tensor, Tensor]] = []
        for group in self.param_groups:
            for parameter in group["params"] if group["matrix"] else ():
                if parameter.grad is not None:
                    self._step_matrix(parameter, parameter.grad, self._relative * group["lr"], group["weight_decay"])
                    gradients.append((parameter, parameter.grad))
                    parameter.grad = None  # has had its step
        super().step()
        for parameter, gradient in gradients:
            parameter.grad = gradient
        return loss

    def _step_matrix(self, parameter: Tensor, gradient: Tensor, rate: float, decay: float) -> None:
        state = self.state[parameter]
        rows = len(parameter)
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        average = state["momentum_buffer"].mul_(self._matrix_momentum).add_(gradient)
        ahead = gradient.add(average, alpha=self._matrix_momentum).reshape(rows, -1)
        if self._keep_norm:
            parameter.mul_(rows**0.5 / parameter.norm())
        else:
            parameter.mul_(1 - rate * decay)
        step = orthogonal(ahead, self._iterations).view(parameter.shape)
        parameter.add_(step, alpha=-rate * max(1.0, rows / ahead.shape[1]) ** 0.5)


def orthogonal(matrix: Tensor, iterations: int) -> Tensor:
    """The nearest semi-orthogonal matrix, about: the same singular vectors, singular values between 0.7 and 1.2.

    Args:
        matrix: (rows, columns).
        iterations: rounds of the Newton-Schulz iteration; five do, three for steps that may be rougher.
    """
    a, b, c = COEFFICIENTS
    wide = matrix.T if len(matrix) > matrix.shape[1] else matrix
    x = wide.to(torch.bfloat16 if computes_bf16(matrix.device) else torch.float32)
    x = x / (x.norm() + EPSILON)
    for _ in range(iterations):
        squared = x @ x.T
        x = a * x + (b * squared + c * squared @ squared) @ x
    result: Tensor = x.T if wide is not matrix else x
    return result.to(matrix.dtype)
