#!/usr/bin/env python3
"""Makes the views of a views.json again with Pillow and compares them with the PNG files beside it.

Usage: python3 replay_views.py FOLDER IMAGES
IMAGES is what `diptych views` was given: one image, a folder or a tar file. Needs Pillow; torchvision only for blurs of
kind "gaussian". Prints one line; the exit code is 0 when every value is equal, or for "gaussian" within one level in at
most one value in a thousand.
"""
import io
import json
import sys
import tarfile
from pathlib import Path

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}


def read(images, name):
    path = Path(images)
    if path.is_dir():
        return Image.open(path / name)
    if not tarfile.is_tarfile(path):
        return Image.open(path)
    with tarfile.open(path) as tar:
        member = next(m for m in tar if m.name == name or m.name.endswith("/" + name))
        return Image.open(io.BytesIO(tar.extractfile(member).read()))


def apply(image, operation):
    name, factor = operation["name"], operation.get("factor")
    if name == "flip-horizontal":
        return image.transpose(Image.FLIP_LEFT_RIGHT)
    if name == "flip-vertical":
        return image.transpose(Image.FLIP_TOP_BOTTOM)
    if name == "quarter-turns":
        return image.transpose([Image.ROTATE_90, Image.ROTATE_180, Image.ROTATE_270][operation["count"] - 1])
    if name == "brightness":
        return ImageEnhance.Brightness(image).enhance(factor)
    if name == "contrast":
        return ImageEnhance.Contrast(image).enhance(factor)
    if name == "saturation":
        return ImageEnhance.Color(image).enhance(factor)
    if name == "hue":
        if image.mode == "L":
            return image
        hue, saturation, value = image.convert("HSV").split()
        turned = hue.point([(level + int(factor * 255)) & 255 for level in range(256)])
        return Image.merge("HSV", (turned, saturation, value)).convert("RGB")
    if name == "grayscale":
        return image.convert("L").convert(image.mode)
    if name == "solarize":
        return ImageOps.solarize(image, operation["threshold"])
    if name == "blur" and operation["kind"] == "pillow":
        return image.filter(ImageFilter.GaussianBlur(operation["sigma"]))
    if name == "blur" and operation["kind"] == "gaussian":
        from torchvision.transforms import functional
        return functional.gaussian_blur(image, operation["kernel"], operation["sigma"])
    raise SystemExit(f"unknown operation {operation}")


def main():
    folder, images = Path(sys.argv[1]), sys.argv[2]
    told = json.loads((folder / "views.json").read_text())
    views, values, wrong = told["views"], 0, []
    for view in views:
        found = Image.open(folder / view["file"])
        crop = view["crop"]
        image = read(images, view["image"])
        if told["exif-orientation"]:
            image = ImageOps.exif_transpose(image)
        image = image.convert(found.mode)
        image = image.crop((crop["left"], crop["top"], crop["left"] + crop["width"], crop["top"] + crop["height"]))
        image = image.resize(view["size"], FILTERS[view["filter"]])
        for operation in view["operations"]:
            image = apply(image, operation)
        counts = ImageChops.difference(image, found).histogram()
        counts = [sum(counts[level::256]) for level in range(256)]
        values += sum(counts)
        is_exact = not any(operation.get("kind") == "gaussian" for operation in view["operations"])
        if image.size != found.size or sum(counts[1 if is_exact else 2:]) > 0 or sum(counts[1:]) * 1000 > sum(counts):
            wrong.append(f"{view['file']}: {sum(counts[1:])} values differ")
    print(f"{len(views)} views, {values} values: " + ("; ".join(wrong) if wrong else "the same as Pillow's"))
    sys.exit(1 if wrong else 0)


main()
