"""Draws train.tar (500 tiles a class) and test.tar (100 a class) from the full EuroSAT RGB tar.

    python3 make_sample.py eurosat-rgb.tar [folder to write to]

Standard library only. The same input gives the same bytes: tiles are drawn in the order of
SHA-256("<seed>:<name>"), a tile whose bytes were already drawn is skipped, and members are
sorted by name with owner 0, time 0, mode 644, in ustar format.
"""
import hashlib
import io
import os
import sys
import tarfile

SEED = 20190730
PER_CLASS = {"train.tar": 500, "test.tar": 100}


def draw(tiles):
    """tiles: name -> bytes. Returns file -> names; no two drawn tiles have the same bytes."""
    classes = {}
    for name in tiles:
        classes.setdefault(name.split("/")[0], []).append(name)
    drawn, taken = {part: [] for part in PER_CLASS}, set()
    for names in (classes[label] for label in sorted(classes)):
        order = iter(sorted(names, key=lambda name: hashlib.sha256(f"{SEED}:{name}".encode()).digest()))
        for part, count in PER_CLASS.items():
            left = count
            while left:
                name = next(order)
                digest = hashlib.sha256(tiles[name]).digest()
                if digest not in taken:
                    taken.add(digest)
                    drawn[part].append(name)
                    left -= 1
    return drawn


def write(path, names, tiles):
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(names):
            member = tarfile.TarInfo(name)
            member.size = len(tiles[name])
            tar.addfile(member, io.BytesIO(tiles[name]))


def main():
    with tarfile.open(sys.argv[1]) as tar:
        tiles = {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
    folder = sys.argv[2] if len(sys.argv) > 2 else os.path.dirname(os.path.abspath(__file__))
    for part, names in draw(tiles).items():
        path = os.path.join(folder, part)
        write(path, names, tiles)
        with open(path, "rb") as file:
            print(hashlib.sha256(file.read()).hexdigest(), part, len(names), os.path.getsize(path))


if __name__ == "__main__":
    main()
