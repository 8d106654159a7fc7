"""Writes the images of this folder and, beside each, its pixels as Pillow reads them:
width and height (little-endian int32), then Image.convert("RGB").tobytes().
Made once with Pillow 9.4.0 (libjpeg-turbo 2.1.5) on Debian 12: python3 make_golden.py
"""
import struct
from PIL import Image

WIDTH, HEIGHT = 45, 31


def plane(a, b, c):
    return bytes((a * x + b * y + c * (x * y // 7)) % 256 for y in range(HEIGHT) for x in range(WIDTH))


def picture(mode, coefficients):
    bands = [Image.frombytes("L", (WIDTH, HEIGHT), plane(*k)) for k in coefficients]
    return bands[0] if len(bands) == 1 else Image.merge(mode, bands)


def save(name, image, **options):
    image.save(name, **options)
    read = Image.open(name).convert("RGB")
    with open(name + ".rgb", "wb") as file:
        file.write(struct.pack("<ii", *read.size) + read.tobytes())


R, G, B, A = (3, 1, 0), (1, 4, 0), (2, 2, 1), (5, 5, 0)
rgb = picture("RGB", [R, G, B])
save("baseline.jpg", rgb, quality=85)
save("baseline-444.jpg", rgb, quality=85, subsampling=0)
save("progressive.jpg", rgb, quality=85, progressive=True)
save("gray.jpg", picture("L", [R]), quality=85)
save("cmyk.jpg", picture("CMYK", [R, G, B, A]), quality=85)
exif = Image.Exif()
exif[0x0112] = 6  # Orientation: rotate by 90 degrees, which nobody here does.
save("rotated.jpg", rgb, quality=85, exif=exif)
save("alpha.png", picture("RGBA", [R, G, B, A]))
save("gray-alpha.png", picture("LA", [R, A]))
save("palette.png", rgb.quantize(64), transparency=3)
save("gray.png", picture("L", [G]))
save("lossless.webp", rgb, lossless=True)
save("lossy.webp", rgb, quality=80)
save("plain.bmp", rgb)
save("palette.bmp", rgb.quantize(64))
