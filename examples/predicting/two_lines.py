"""A finished run answers in two lines: paths, bytes, arrays and Pillow images alike.

    bash run.sh examples/predicting/two_lines.py

The last lines show the same picture given in four ways, and the same answer to each: what the command `predict` says.
"""

from io import BytesIO

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

import sightline
from sightline.cli import configure
from sightline.commands.train import train

words = ["mode=demo", "training.epochs=3", "training.batch_size=32", "model.width=16", "tracking=none"]
run = train(configure(*words, "mode.stages=[validate,train,calibrate]"))

model = sightline.load(run.path)
answers = model.predict([(16 * digit).clip(max=255).astype(np.uint8) for digit in load_digits().images[:5]])

print("classes:", ", ".join(model.class_names))
for number, answer in enumerate(answers):
    print(f"digit {number}: {answer['label']} with {answer['probability']:.1%}")

pixels = np.full((40, 30), 255, dtype=np.uint8)
pixels[5:35, 12:18] = 0
picture, file = Image.fromarray(pixels), BytesIO()
picture.save(file, "PNG")
place = run.path / "upload.png"
place.write_bytes(file.getvalue())
for image in (place, file.getvalue(), pixels, picture):
    answer = model.predict(image)
    print(f"{type(image).__name__:<10} {answer['label']} with {answer['probability']:.6f}")
