"""Writes the images of this folder and, beside each, its pixels as Pillow reads them:
width and height (little-endian int32), then Image.convert("RGB").tobytes().
Made once with Pillow 9.4.0 (libjpeg-turbo 2.1.5) on Debian 12: python3 make_golden.py
"""
import struct
import zlib
from PIL import Image, ImageOps

WIDTH, HEIGHT = 45, 31


def plane(a, b, c):
    return bytes((a * x + b * y + c * (x * y // 7)) % 256 for y in range(HEIGHT) for x in range(WIDTH))


def picture(mode, coefficients):
    bands = [Image.frombytes("L", (WIDTH, HEIGHT), plane(*k)) for k in coefficients]
    return bands[0] if len(bands) == 1 else Image.merge(mode, bands)


def write_pixels(name, read):
    with open(name + ".rgb", "wb") as file:
        file.write(struct.pack("<ii", *read.size) + read.tobytes())


def save(name, image, **options):
    image.save(name, **options)
    write_pixels(name, Image.open(name).convert("RGB"))


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
save("one-bit.png", picture("L", [G]).convert("1"))
save("odd-420.jpg", rgb.crop((0, 0, 37, 29)), quality=75)
save("odd-422.jpg", rgb.crop((0, 0, 33, 17)), quality=75, subsampling=1)
save("odd-gray-progressive.jpg", picture("L", [R]).crop((0, 0, 41, 9)), quality=75, progressive=True)
save("cmyk-progressive.jpg", picture("CMYK", [B, A, R, G]), quality=85, progressive=True)

# The eight orientations, and what exif_transpose makes of each.
for orientation in range(1, 9):
    exif[0x0112] = orientation
    name = f"orientation-{orientation}.jpg"
    rgb.save(name, quality=85, exif=exif)
    write_pixels(name, ImageOps.exif_transpose(Image.open(name)))


# 16 bits a channel, which Pillow cannot write. Of colours it reads the high bytes; gray it clips, so those pixels are made here.
def save_16_bit(name, colour_type, channels):
    values = [[(257 * 7 * x + 4099 * y + 20011 * c) % 65536 for x in range(WIDTH) for c in range(channels)] for y in range(HEIGHT)]
    rows = b"".join(b"\0" + struct.pack(f">{len(row)}H", *row) for row in values)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, colour_type, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    with open(name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks))
    if channels == 3:
        write_pixels(name, Image.open(name).convert("RGB"))
    else:
        write_pixels(name, Image.frombytes("L", (WIDTH, HEIGHT), bytes(v >> 8 for row in values for v in row)).convert("RGB"))


save_16_bit("sixteen-bit.png", 2, 3)
save_16_bit("sixteen-bit-gray.png", 0, 1)
