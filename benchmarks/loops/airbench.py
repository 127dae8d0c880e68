"""The recipe of airbench94, bare, in bf16: what `recipe=fast_cifar10` is measured against.

    python -m benchmarks.loops.airbench --root FOLDER [--seed 0] [--epochs 9.9] [--device cuda]

Everything is in memory; nothing is logged, saved or looked at on the way. The recipe is that of K. Jordan, "94 % on
CIFAR-10 in 3.29 seconds on a single GPU" (2024), written anew from the paper.
"""

from sightline.machine.environment import prepare_environment, prepare_torch

prepare_environment()  # the port has what Sightline has

import argparse  # noqa: E402
import json  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from PIL import Image  # noqa: E402
from torch import Tensor, nn  # noqa: E402

BATCH, EPOCHS, MOMENTUM, BIAS_SCALE, SMOOTHING, WHITEN_BIAS_EPOCHS = 1024, 9.9, 0.85, 64.0, 0.2, 3
KILOSTEP = 1024 * (1 + 1 / (1 - MOMENTUM))
RATE, DECAY = 11.5 / KILOSTEP, 0.0153 * BATCH / KILOSTEP
PEAK, FIRST, LAST = 0.23, 0.2, 0.07
"""Of the triangular schedule: where its peak lies, and the shares of the rate at both ends."""
LOOK_AHEAD, LOOK_AHEAD_DECAY = 5, 0.95**5
WHITENING_IMAGES, TEST_BATCH = 5000, 2000
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def load(root: Path, split: str) -> tuple[Tensor, Tensor]:
    """All images of a split, normalised, and their labels, in the same mixed order every time."""
    images, labels = [], []
    for label, folder in enumerate(sorted(path for path in (root / split).iterdir() if path.is_dir())):
        for file in sorted(folder.iterdir()):
            images.append(np.asarray(Image.open(file).convert("RGB")))
            labels.append(label)
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    shape = (1, 3, 1, 1)
    mixed = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(0))
    normalised = (pixels - torch.tensor(MEAN).view(shape)) / torch.tensor(STD).view(shape)
    return normalised[mixed], torch.tensor(labels)[mixed]


# ---------------------------------------------------------------- the network


class Norm(nn.BatchNorm2d):
    """Without a scale."""

    def __init__(self, width: int) -> None:
        super().__init__(width, eps=1e-12, momentum=0.4)  # torch counts from the other end than the paper's 0.6
        self.weight.requires_grad_(False)


class Convolution(nn.Conv2d):
    """Hands its input on at first."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding="same", bias=False)
        nn.init.dirac_(self.weight.data[:inputs])


class Group(nn.Module):
    """Two convolutions, a pooling behind the first."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = Convolution(inputs, outputs), Norm(outputs)
        self.conv2, self.norm2 = Convolution(outputs, outputs), Norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Half the height and width."""
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        return F.gelu(self.norm2(self.conv2(x)))


class Net(nn.Module):
    """A whitening layer, three groups, and a damped linear layer."""

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        nn.init.zeros_(self.whiten.bias)
        self.whiten.weight.data.copy_(whitening(images))
        self.whiten.weight.requires_grad_(False)
        self.groups = nn.Sequential(Group(24, 64), Group(64, 256), Group(256, 256))
        self.head = nn.Linear(256, 10, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, 3, 32, 32) to logits (B, 10)."""
        x = self.groups(F.gelu(self.whiten(x)))
        logits: Tensor = self.head(F.max_pool2d(x, 3).flatten(1)) / 9
        return logits


def whitening(images: Tensor) -> Tensor:
    """Filters (24, 3, 2, 2) that decorrelate the patches of some images, and their negatives."""
    patches = images.unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 12)
    values, vectors = torch.linalg.eigh(patches.T.double() @ patches.double() / len(patches))
    filters = (vectors / torch.sqrt(values + 5e-4)).T.flip(0).float().view(12, 3, 2, 2)
    return torch.cat([filters, -filters])


# ---------------------------------------------------------------- the training


def augmented(images: Tensor, epoch: int, flips: Tensor, generator: torch.Generator) -> Tensor:
    """A whole epoch at once: alternating flips, and shifts of up to two pixels over a mirrored edge."""
    mirrored = ((flips + epoch) % 2 == 1).view(-1, 1, 1, 1)
    padded = F.pad(torch.where(mirrored, images.flip(3), images), (2, 2, 2, 2), "reflect")
    shifts = torch.randint(0, 5, (len(images), 2), generator=generator)
    output = torch.empty_like(images)
    for down in range(5):
        for across in range(5):
            here = (shifts == torch.tensor([down, across])).all(dim=1)
            output[here] = padded[here, :, down : down + 32, across : across + 32]
    return output


def triangle(step: int, total: int) -> float:
    """The share of the rate at a step."""
    peak = int(PEAK * total)
    if step < peak:
        return FIRST + (1 - FIRST) * step / peak
    return 1 + (LAST - 1) * (step - peak) / (total - peak)


class Port:
    """The training, a step at a time; `augmenting` says how many seconds the images of an epoch last took.

    Args:
        images: of the train split, normalised.
        labels: theirs.
        epochs: of the whole training; may be a fraction.
        seed: of weights, order and augmentation.
        device: cpu or cuda.
    """

    def __init__(self, images: Tensor, labels: Tensor, epochs: float, seed: int, device: str = "cpu") -> None:
        torch.manual_seed(seed)
        self._images, self._labels, self._device = images, labels, device
        self.net = Net(images[:WHITENING_IMAGES]).to(device).to(memory_format=torch.channels_last)
        self.per_epoch = len(images) // BATCH
        self.total = int(self.per_epoch * epochs)
        self.done = 0
        self.augmenting = 0.0
        self._generator = torch.Generator().manual_seed(seed)
        self._flips = torch.randint(0, 2, (len(images),), generator=self._generator)
        learned = [(name, p) for name, p in self.net.named_parameters() if p.requires_grad]
        shifts = [p for name, p in learned if "norm" in name]
        others = [p for name, p in learned if "norm" not in name]
        self._optimizer = torch.optim.SGD(
            [
                {"params": shifts, "base": RATE * BIAS_SCALE, "weight_decay": DECAY / (RATE * BIAS_SCALE)},
                {"params": others, "base": RATE, "weight_decay": DECAY / RATE},
            ],
            lr=RATE,
            momentum=MOMENTUM,
            nesterov=True,
        )
        self._slow = {key: value.clone() for key, value in self._averaged().items()}

    def step(self) -> float:
        """One step; its mean loss."""
        epoch, index = divmod(self.done, self.per_epoch)
        if index == 0:
            begun = time.perf_counter()
            self._order = torch.randperm(len(self._images), generator=self._generator)
            self._shifted = augmented(self._images, epoch, self._flips, self._generator)
            self.augmenting = time.perf_counter() - begun
            self.net.whiten.bias.requires_grad_(epoch < WHITEN_BIAS_EPOCHS)
        chosen = self._order[index * BATCH : (index + 1) * BATCH]
        images = self._shifted[chosen].to(self._device).contiguous(memory_format=torch.channels_last)
        labels = self._labels[chosen].to(self._device)
        self.net.train()
        with torch.autocast(self._device, dtype=torch.bfloat16):
            outputs = self.net(images)
        loss = F.cross_entropy(outputs.float(), labels, label_smoothing=SMOOTHING, reduction="sum")
        for group in self._optimizer.param_groups:
            group["lr"] = group["base"] * triangle(self.done, self.total)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self.done += 1
        if self.done % LOOK_AHEAD == 0:
            self._look_ahead(LOOK_AHEAD_DECAY * (self.done / self.total) ** 3)
        if self.done == self.total:
            self._look_ahead(1.0)
        return loss.item() / BATCH

    def _averaged(self) -> dict[str, Tensor]:
        return {key: value for key, value in self.net.state_dict().items() if value.is_floating_point()}

    @torch.no_grad()
    def _look_ahead(self, keep: float) -> None:
        fast = self._averaged()
        for key, slow in self._slow.items():
            slow.lerp_(fast[key], 1 - keep)
            fast[key].copy_(slow)

    @torch.inference_mode()
    def accuracy(self, images: Tensor, labels: Tensor, *, views: bool) -> float:
        """Share of images named right, with or without mirrored and shifted views."""
        self.net.eval()
        right = 0
        for part, truth in zip(images.split(TEST_BATCH), labels.split(TEST_BATCH), strict=True):
            seen = part.contiguous(memory_format=torch.channels_last).to(self._device)
            with torch.autocast(self._device, dtype=torch.bfloat16):
                logits = self._mean_of_views(seen) if views else self.net(seen)
            right += int(logits.argmax(1).cpu().eq(truth).sum())
        return right / len(images)

    def _mean_of_views(self, images: Tensor) -> Tensor:
        padded = F.pad(images, (1, 1, 1, 1), "reflect")
        placed = [images, padded[:, :, 0:32, 0:32], padded[:, :, 2:34, 2:34]]
        both = [self.net(view).float() / 2 + self.net(view.flip(3)).float() / 2 for view in placed]
        return 0.5 * both[0] + 0.25 * both[1] + 0.25 * both[2]


def main() -> None:
    """Train, measure on the test images, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    arguments = parser.parse_args()
    prepare_torch()
    port = Port(*load(arguments.root, "train"), arguments.epochs, arguments.seed, arguments.device)
    start = time.perf_counter()
    while port.done < port.total:
        port.step()
    seconds = time.perf_counter() - start
    test = load(arguments.root, "test")
    found = {"accuracy": port.accuracy(*test, views=False), "accuracy_with_views": port.accuracy(*test, views=True)}
    print(json.dumps({**found, "seed": arguments.seed, "steps": port.total, "seconds": seconds}))


if __name__ == "__main__":
    main()
