#!/bin/bash
# Parts the sample's training tiles, for choices that must not see its test tiles: WORK/test holds the last 100 of each class in the tar's order, WORK/train the other 4,000.
# Usage: bench/sweeps/small-machine.sh samples/eurosat/train.tar WORK
set -euo pipefail
mkdir -p "$2/train" "$2/test"
tar xf "$1" -C "$2/train"
tar tf "$1" | awk -F/ '++seen[$1] > 400' | while read -r tile; do
  mkdir -p "$2/test/${tile%/*}"
  mv "$2/train/$tile" "$2/test/$tile"
done
echo "$(find "$2/train" -type f | wc -l) tiles to learn from, $(find "$2/test" -type f | wc -l) to judge by."
