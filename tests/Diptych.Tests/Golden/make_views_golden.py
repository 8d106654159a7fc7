"""Makes views-golden.json and views-golden.bin.gz: what Pillow 9.4 and torchvision 0.14 do to known images.

Run: python3 make_views_golden.py   (Debian 12: python3-torch, python3-torchvision, python3-pil, python3-numpy)
Inputs are computed, here and in GoldenImages.cs, from (kind, width, height, seed); a photo is a mosaic of the sample's
tiles, so that decoding is part of it. An output is kept as bytes where it
is small or compared with a tolerance, else as the SHA-256 of its RGB bytes.
"""
import gzip
import hashlib
import io
import json
import random
import tarfile
from pathlib import Path

import numpy as np
import PIL
import torch
import torchvision
from PIL import Image, ImageFilter, ImageOps
from torchvision import transforms
from torchvision.transforms import functional as F

FILTERS = {"bilinear": transforms.InterpolationMode.BILINEAR, "bicubic": transforms.InterpolationMode.BICUBIC}
HERE = Path(__file__).parent
blob = bytearray()
cases = []
tiles = []


def make_image(kind, width, height, seed):
    if kind == "all-colours":
        index = np.arange(4096 * 4096, dtype=np.uint32)
        return Image.fromarray(np.stack([index & 255, index >> 8 & 255, index >> 16], 1).astype(np.uint8).reshape(4096, 4096, 3))
    if kind == "photo":
        photo = Image.new("RGB", (width, height))
        columns, count = width // 64, width // 64 * (height // 64)
        for i in range(count):
            photo.paste(tile(seed * count + i), (i % columns * 64, i // columns * 64))
        return photo
    state, noise = seed & 0xFFFFFFFF, np.empty(width * height * 3, np.uint8)
    for i in range(noise.size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        noise[i] = state >> 24
    noise = noise.reshape(height, width, 3)
    if kind == "noise":
        return Image.fromarray(noise)
    y, x = np.mgrid[0:height, 0:width]
    planes = np.stack([x * 5 + seed * 31, y * 4 + x + seed * 17, (x * y >> 4) + seed * 7], 2) & 511
    return Image.fromarray((np.where(planes > 255, 511 - planes, planes) ^ (noise & 7)).astype(np.uint8))


def tile(number):
    if not tiles:
        with tarfile.open(HERE / "../../../samples/eurosat/test.tar") as tar:
            tiles.extend(tar.extractfile(member).read() for member in sorted(tar, key=lambda member: member.name) if member.name.endswith(".jpg"))
    return Image.open(io.BytesIO(tiles[number])).convert("RGB")


def apply(image, operation):
    name = operation["name"]
    if name == "flip-horizontal":
        return F.hflip(image)
    if name == "flip-vertical":
        return F.vflip(image)
    if name == "quarter-turns":
        return F.rotate(image, 90 * operation["count"], expand=True)
    if name == "grayscale":
        return F.rgb_to_grayscale(image, 3)
    if name == "solarize":
        return ImageOps.solarize(image, operation["threshold"])
    if name == "blur" and operation["kind"] == "pillow":
        return image.filter(ImageFilter.GaussianBlur(operation["sigma"]))
    if name == "blur":
        return F.gaussian_blur(image, operation["kernel"], operation["sigma"])
    return {"brightness": F.adjust_brightness, "contrast": F.adjust_contrast,
            "saturation": F.adjust_saturation, "hue": F.adjust_hue}[name](image, operation["factor"])


def add(image, operations=(), crop=None, size=None, filter="bilinear", whole=None, keep=True):
    result = make_image(*image)
    case = {"image": list(image), "operations": list(operations)}
    if crop:
        left, top, width, height = crop
        result = F.resized_crop(result, top, left, height, width, (size[1], size[0]), FILTERS[filter])
        case |= {"crop": list(crop), "size": list(size), "filter": filter}
    if whole:
        result = F.center_crop(F.resize(result, round(whole * 256 / 224) if whole >= 96 else whole), whole)
        case |= {"whole": whole}
    for operation in operations:
        result = apply(result, operation)
    data = np.asarray(result).tobytes()
    if keep:
        case |= {"offset": len(blob), "length": len(data)}
        blob.extend(data)
    else:
        case |= {"sha256": hashlib.sha256(data).hexdigest()}
    cases.append(case)


def add_photo(draw, number, is_exact):
    operations = [{"name": "flip-horizontal"}] * draw.randint(0, 1) + [{"name": "flip-vertical"}] * draw.randint(0, 1)
    jitter = [{"name": name, "factor": draw.uniform(0.2, 1.8)} for name in ("brightness", "contrast", "saturation")]
    jitter.append({"name": "hue", "factor": draw.uniform(-0.2, 0.2)})
    draw.shuffle(jitter)
    operations += jitter + [{"name": "grayscale"}] * (number % 6 == 0)
    if not is_exact:
        operations.append({"name": "blur", "kind": "gaussian", "kernel": 7, "sigma": draw.uniform(0.1, 2)})
    elif number % 2:
        operations.append({"name": "blur", "kind": "pillow", "sigma": draw.uniform(0.1, 2)})
    if is_exact and number % 3 == 0:
        operations.append({"name": "solarize", "threshold": 128})
    width, height = draw.randint(60, 512), draw.randint(60, 384)
    crop = (draw.randint(0, 512 - width), draw.randint(0, 384 - height), width, height)
    side = 224 if is_exact else 64
    add(("photo", 512, 384, number), operations, crop, (side, side), draw.choice(list(FILTERS)), keep=not is_exact)


def main():
    draw = random.Random(7)
    for filter in FILTERS:
        for kind, width, height, crop, size in [
            ("noise", 13, 17, (0, 0, 13, 17), (32, 32)), ("scene", 64, 64, (5, 7, 41, 33), (32, 32)),
            ("scene", 33, 20, (0, 0, 33, 20), (47, 29)), ("noise", 640, 480, (3, 1, 600, 470), (24, 24)),
            ("noise", 5, 400, (0, 0, 5, 400), (32, 32)), ("noise", 40, 40, (8, 3, 32, 20), (32, 32)),
            ("noise", 40, 40, (1, 8, 21, 32), (32, 32)), ("noise", 40, 40, (4, 8, 32, 32), (32, 32)), ("noise", 1, 1, (0, 0, 1, 1), (9, 8)),
        ]:
            add((kind, width, height, 1), crop=crop, size=size, filter=filter)
        add(("noise", 320, 240, 2), crop=(11, 3, 290, 231), size=(224, 224), filter=filter, keep=False)
        add(("noise", 160, 120, 3), crop=(7, 5, 117, 101), size=(224, 224), filter=filter, keep=False)

    single = ("scene", 31, 27, 4)
    for operations in [[{"name": "flip-horizontal"}], [{"name": "flip-vertical"}], [{"name": "grayscale"}]]:
        add(single, operations)
    for count in (1, 2, 3):
        add(("scene", 21, 21, 5), [{"name": "quarter-turns", "count": count}])
    for name, factors in {"brightness": (0, 0.2, 0.63, 1, 1.8), "contrast": (0, 0.21, 1, 1.79), "saturation": (0, 0.4, 1, 1.77),
                          "hue": (-0.5, -0.2, -0.0437, -0.002, 0, 0.1, 0.2, 0.5)}.items():
        for factor in factors:
            add(single, [{"name": name, "factor": factor}])
    for operation in [{"name": "hue", "factor": 0.171}, {"name": "hue", "factor": -0.0437}, {"name": "saturation", "factor": 1.37}, {"name": "grayscale"}]:
        add(("all-colours", 4096, 4096, 0), [operation], keep=False)

    for sigma in (0.1, 0.3, 0.5, 0.77, 1, 1.3, 1.999, 2, 3.7, 9):
        add(("noise", 19, 23, 6), [{"name": "blur", "kind": "pillow", "sigma": sigma}])
    for sigma in (0.1, 0.7, 1.234, 2):
        add(("noise", 224, 224, 7), [{"name": "blur", "kind": "pillow", "sigma": sigma}], keep=False)
    for size, kernel, sigma in [(32, 3, 0.1), (32, 3, 0.9), (33, 3, 2), (64, 7, 1.1), (96, 9, 0.35), (160, 23, 1.7)]:
        add(("scene", size, size, 8), [{"name": "blur", "kind": "gaussian", "kernel": kernel, "sigma": sigma}])

    for number in range(16):
        jitter = [{"name": name, "factor": draw.uniform(0.2, 1.8)} for name in ("brightness", "contrast", "saturation")]
        jitter.append({"name": "hue", "factor": draw.uniform(-0.2, 0.2)})
        draw.shuffle(jitter)
        operations = [{"name": "flip-horizontal"}] * draw.randint(0, 1) + [{"name": "flip-vertical"}] * draw.randint(0, 1)
        operations += [{"name": "quarter-turns", "count": draw.randint(1, 3)}] * draw.randint(0, 1) + jitter
        operations += [{"name": "grayscale"}] * (number % 5 == 0) + [{"name": "blur", "kind": "pillow", "sigma": draw.uniform(0.1, 2)}] * (number % 2)
        side = 32 if number < 10 else 224
        left, top = draw.randint(0, 20), draw.randint(0, 20)
        crop = (left, top, draw.randint(20, 100), draw.randint(20, 80))
        add(("scene", 120, 100, 20 + number), operations, crop, (side, side), draw.choice(list(FILTERS)), keep=side == 32)

    for width, height, whole in [(100, 75, 32), (75, 100, 32), (64, 64, 64), (20, 31, 32), (30, 97, 32)]:
        add(("scene", width, height, 9), whole=whole)
    for width, height, whole in [(211, 160, 96), (160, 211, 97), (150, 100, 224)]:
        add(("noise", width, height, 10), whole=whole, keep=False)

    for threshold in (0, 100, 128, 255):
        add(single, [{"name": "solarize", "threshold": threshold}])
    for number in range(20):
        add_photo(draw, number, is_exact=number < 12)

    grays = Image.fromarray(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2))
    normalize = []
    for mean, deviation in [((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)), ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]:
        values = F.normalize(F.to_tensor(grays), mean, deviation)[:, 0].T.contiguous().numpy()
        normalize.append({"mean": mean, "deviation": deviation, "sha256": hashlib.sha256(values.astype("<f4").tobytes()).hexdigest()})

    versions = {"pillow": PIL.__version__, "torchvision": torchvision.__version__, "torch": torch.__version__}
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / "views-golden.json").write_text(
        f'{{"versions": {json.dumps(versions)},\n"normalize": {json.dumps(normalize)},\n"cases": [\n{lines}\n]}}\n')
    (HERE / "views-golden.bin.gz").write_bytes(gzip.compress(bytes(blob), 9, mtime=0))


main()
