"""Makes draws-golden.json: how torchvision 0.14 distributes the parameters of a view, as counts in bins.

Run: python3 make_draws_golden.py   (Debian 12: python3-torch, python3-torchvision, python3-pil, python3-numpy)
500 × 375 pixels, crop scale 0.08–1, ratio 3/4–4/3, jitter 0.8, 0.8, 0.8, 0.2, blur σ 0.1–2. Bins are defined on
whole numbers (pixels; thousandths of the area; thousandths of width / height) or are 200 equal parts of the range.
"""
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision import transforms

DRAWS, WIDTH, HEIGHT = 400_000, 500, 375
torch.manual_seed(11)


def parts(values, low, high):
    return np.minimum(((np.array(values) - low) / (high - low) * 200).astype(int), 199)


photo = Image.new("RGB", (WIDTH, HEIGHT))
top, left, height, width = np.array([transforms.RandomResizedCrop.get_params(photo, (0.08, 1), (3 / 4, 4 / 3)) for _ in range(DRAWS)]).T
jitter = [transforms.ColorJitter.get_params((0.2, 1.8), (0.2, 1.8), (0.2, 1.8), (-0.2, 0.2)) for _ in range(DRAWS)]
order, brightness, contrast, saturation, hue = zip(*jitter)
bins = {
    "left": left, "top": top, "width": width, "height": height,
    "area": width * height * 1000 // (WIDTH * HEIGHT), "ratio": width * 1000 // height,
    "brightness": parts(brightness, 0.2, 1.8), "contrast": parts(contrast, 0.2, 1.8),
    "saturation": parts(saturation, 0.2, 1.8), "hue": parts(hue, -0.2, 0.2),
    "order": [int(o[0]) * 64 + int(o[1]) * 16 + int(o[2]) * 4 + int(o[3]) for o in order],
    "sigma": parts([transforms.GaussianBlur.get_params(0.1, 2.0) for _ in range(DRAWS)], 0.1, 2),
}
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(np.bincount(values).tolist())}" for name, values in bins.items())
(Path(__file__).parent / "draws-golden.json").write_text("{\n" + lines + "\n}\n")
