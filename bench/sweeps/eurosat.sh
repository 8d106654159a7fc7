#!/bin/bash
# Makes the split of the EuroSAT sweeps from the tar of all 27,000 tiles: WORK/test holds the 5,400 of eurosat-test.txt, WORK/train the rest.
# The list is the first fifth of each class in the order of SHA-256("eurosat-split:" + name); no two of the 27,000 files are the same.
# Usage: bench/sweeps/eurosat.sh EUROSAT.tar WORK
set -euo pipefail
list=$(cd "$(dirname "$0")" && pwd)/eurosat-test.txt
mkdir -p "$2/train" "$2/test"
tar xf "$1" -C "$2/train"
while read -r tile; do
  mkdir -p "$2/test/${tile%/*}"
  mv "$2/train/$tile" "$2/test/$tile"
done < "$list"
echo "$(find "$2/train" -type f | wc -l) tiles to learn from, $(find "$2/test" -type f | wc -l) to judge by."
