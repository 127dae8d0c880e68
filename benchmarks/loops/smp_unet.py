"""segmentation_models_pytorch's Unet in the loop that its users write: what `recipe=unet_camvid` stands beside.

The same encoder, images, steps, batch, optimizer, schedule and bf16; augmentation of the same kinds by torchvision; the
sum of cross-entropy and of Dice from segmentation_models_pytorch itself. Images are decoded once and stay in memory;
nothing is logged, saved or looked at on the way.
"""

from sightline.machine.environment import prepare_environment, prepare_torch

prepare_environment()  # the peer has what Sightline has

import argparse  # noqa: E402
import json  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator, Sequence  # noqa: E402
from dataclasses import dataclass, replace  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import segmentation_models_pytorch as smp  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torchvision import tv_tensors  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

from sightline.cli import compose_config  # noqa: E402

CLASSES, IGNORED, MULTIPLE = 11, 11, 32
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Plan:
    """What both trainings share.

    Attributes:
        encoder: of timm.
        side: of the squares, in pixels.
        batch: images a step.
        steps: of the whole training.
        rate: the largest.
        weight_decay: of AdamW.
        betas: of AdamW.
        peak_at: share of the steps after which the rate is highest; from a tenth up to it, and down to nothing.
        scale: least and most that images are enlarged.
        brightness: largest relative change; of contrast and saturation too.
    """

    encoder: str
    side: int
    batch: int
    steps: int
    rate: float
    weight_decay: float
    betas: tuple[float, float]
    peak_at: float
    scale: tuple[float, float]
    brightness: float


def words_of(root: Path, device: str) -> list[str]:
    """The command that trains the recipe and does nothing else."""
    words = ["recipe=unet_camvid", f"data.root={root.resolve()}", f"device={device}", "tracking=none"]
    return [*words, "mode.stages=[validate,train]"]


def plan_of(words: Sequence[str], items: int) -> Plan:
    """What the recipe says of a training on so many images."""
    config = compose_config(words)
    training, optimizer, transforms = config["training"], config["optimizer"], config["transforms"]
    return Plan(
        encoder=config["model"]["backbone"],
        side=config["image_size"],
        batch=training["batch_size"],
        steps=training["epochs"] * -(-items // training["batch_size"]),
        rate=optimizer["lr"],
        weight_decay=optimizer["weight_decay"],
        betas=tuple(optimizer["betas"]),
        peak_at=config["scheduler"]["peak_at"],
        scale=tuple(transforms["affine"]["scale"]),
        brightness=transforms["colour"]["brightness"],
    )


def load(root: Path, ids: Sequence[str]) -> tuple[list[Tensor], list[Tensor]]:
    """Images (3, h, w) and masks (h, w) of some ids, uint8."""
    images, masks = [], []
    for one in ids:
        path = root / one
        images.append(v2.functional.pil_to_tensor(Image.open(path).convert("RGB")))
        mask = (path.parent.parent / "masks" / path.name).with_suffix(".png")
        masks.append(torch.from_numpy(np.array(Image.open(mask))))
    return images, masks


class Peer:
    """The training, a step at a time.

    Args:
        images: of the train split, (3, h, w) uint8.
        masks: theirs, (h, w) uint8.
        plan: what is shared.
        seed: of weights, order and augmentation.
        device: cpu or cuda.
    """

    def __init__(
        self, images: Sequence[Tensor], masks: Sequence[Tensor], plan: Plan, seed: int, device: str = "cpu"
    ) -> None:
        torch.manual_seed(seed)
        self.plan, self.done, self._device = plan, 0, device
        self._images, self._masks = images, masks
        network = smp.Unet(f"tu-{plan.encoder}", encoder_weights=None, classes=CLASSES)
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self._optimizer = torch.optim.AdamW(
            self.network.parameters(), plan.rate, betas=plan.betas, weight_decay=plan.weight_decay
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer,
            plan.rate,
            total_steps=plan.steps,
            pct_start=plan.peak_at,
            anneal_strategy="linear",
            div_factor=10,
            cycle_momentum=False,
        )
        self._dice = smp.losses.DiceLoss("multiclass", ignore_index=IGNORED)
        changes = (plan.brightness,) * 3
        self._augment = v2.Compose(
            [
                v2.RandomAffine(0, scale=plan.scale, fill={tv_tensors.Image: 0, tv_tensors.Mask: IGNORED}),
                v2.RandomCrop(plan.side),
                v2.RandomHorizontalFlip(),
                *([v2.ColorJitter(*changes)] if plan.brightness else []),
                v2.ToDtype({tv_tensors.Image: torch.float32, tv_tensors.Mask: torch.int64}, scale=True),
                v2.Normalize(MEAN, STD),
            ]
        )
        self._batches = self._endless()

    def _endless(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            order = torch.randperm(len(self._images)).tolist()
            per_epoch = -(-len(order) // self.plan.batch)
            for some in np.array_split(order, per_epoch):
                pairs = [
                    self._augment(tv_tensors.Image(self._images[i]), tv_tensors.Mask(self._masks[i])) for i in some
                ]
                yield torch.stack([image for image, _ in pairs]), torch.stack([mask for _, mask in pairs])

    def step(self) -> float:
        """One step; its loss."""
        images, masks = next(self._batches)
        images = images.to(self._device).contiguous(memory_format=torch.channels_last)
        masks = masks.to(self._device)
        self.network.train()
        with torch.autocast(self._device, dtype=torch.bfloat16):
            logits = self.network(images)
        logits = logits.float()
        loss = F.cross_entropy(logits, masks, ignore_index=IGNORED) + self._dice(logits, masks)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self._schedule.step()
        self.done += 1
        return loss.item()

    @torch.inference_mode()
    def predict(self, image: Tensor) -> Tensor:
        """(h, w) uint8 classes of an image (3, h, w), filled up to what the encoder takes."""
        self.network.eval()
        height, width = image.shape[1:]
        batch = v2.functional.normalize(image.float() / 255, list(MEAN), list(STD))[None].to(self._device)
        batch = F.pad(batch, (0, -width % MULTIPLE, 0, -height % MULTIPLE))
        with torch.autocast(self._device, dtype=torch.bfloat16):
            logits = self.network(batch.contiguous(memory_format=torch.channels_last))
        return logits[0, :, :height, :width].float().argmax(0).to(torch.uint8).cpu()


def main() -> None:
    """Train, write the masks of the test images as another tool's predictions, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="of the recipe: says which images train and test have")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--quick", action="store_true", help="a step for every image")
    arguments = parser.parse_args()
    prepare_torch()
    split = json.loads((arguments.run / "split.json").read_text())["items"]
    train, test = split["train"]["ids"], split["test"]["ids"]
    plan = plan_of(words_of(arguments.root, arguments.device), len(train))
    plan = replace(plan, steps=len(train) // plan.batch) if arguments.quick else plan
    peer = Peer(*load(arguments.root, train), plan, arguments.seed, arguments.device)
    start = time.perf_counter()
    while peer.done < peer.plan.steps:
        loss = peer.step()
        if peer.done % 100 == 0:
            print(f"step {peer.done}/{peer.plan.steps}, loss {loss:.3f}", flush=True)
    seconds = time.perf_counter() - start
    for name, image, mask in zip(test, *load(arguments.root, test), strict=True):
        for kind, pixels in (("predicted", peer.predict(image)), ("truth", mask)):
            path = arguments.output / "test" / kind / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            array = pixels.numpy()
            Image.fromarray(np.where(array == IGNORED, 255, array) if kind == "truth" else array).save(path)
    names = compose_config(words_of(arguments.root, arguments.device))["data"]["classes"]
    (arguments.output / "classes.txt").write_text("\n".join(names) + "\n")
    print(json.dumps({"seed": arguments.seed, "steps": peer.done, "seconds": seconds}))


if __name__ == "__main__":
    main()
