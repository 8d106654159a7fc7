#!/bin/bash
# Trains every method with every loss on the first 1,000 images of each class and evaluates the encoders:
#   bench/methods.sh CIFAR10-JPEG WORK [SEED…]
# CIFAR10-JPEG has train/ and test/ with a folder a class. One run a core at a time. Started again, it goes on where it stopped;
# seeds come one after the other, so that a stopped table is still fair. DIPTYCH names the tool, as in DIPTYCH="dotnet Diptych.Cli.dll".
set -euo pipefail
data=$1 work=$2; shift 2
export diptych=${DIPTYCH:-diptych} data work
mkdir -p "$work"
for class in "$data"/train/*/; do
    name=$(basename "$class")
    [ -d "$work/train/$name" ] && continue
    mkdir -p "$work/train/$name.part"
    ls "$class" | sort | sed -n 1,1000p | sed "s|^|$class|" | xargs cp -t "$work/train/$name.part"
    mv "$work/train/$name.part" "$work/train/$name"
done
train() {
    run=$work/$2-$3-$1
    [ -f "$run/evaluation.json" ] && exit
    resume=$([ -f "$run/recipe.json" ] && echo --resume || true)
    $diptych pretrain "$work/train" --method "$2" --loss "$3" --seed "$1" --encoder resnet10 --width 16 --batch 128 --epochs 20 --threads 1 --out "$run" $resume > "$run.log" 2>&1
    $diptych evaluate "$run" --train "$work/train" --test "$data/test" --nearest-neighbour >> "$run.log" 2>&1
}
export -f train
[ $# -gt 0 ] || set -- 1 2
for seed in "$@"; do
    for method in simclr moco nnclr; do
        for loss in infonce dcl dclw; do echo "$seed $method $loss"; done
    done
done | xargs -P "$(nproc)" -L 1 bash -c 'train "$@"' _

# Top-1 with all labels, a row a run: untrained encoder, trained one.
for run in "$work"/*/evaluation.json; do
    awk -v run="$(basename "$(dirname "$run")")" '/nearest neighbour +all/ { match($0, /[0-9.]+ \[/); top1[++n] = substr($0, RSTART, RLENGTH - 2) }
        END { split(run, part, "-"); printf "| %s | %s | %s | %s | %s | %+.2f |\n", part[1], part[2], part[3], top1[n - 1], top1[n], top1[n] - top1[n - 1] }' "$(dirname "$run").log"
done
