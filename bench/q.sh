#!/bin/bash
# Trains with ever larger batches and shows the mean and the coefficient of variation of q = 1 - p+ in the last epoch, as a table
# and as WORK/q.png:
#   bench/q.sh IMAGES WORK
# One run a core at a time. Started again, it goes on where it stopped. DIPTYCH names the tool, as in DIPTYCH="dotnet Diptych.Cli.dll".
set -euo pipefail
mkdir -p "$2"
export diptych=${DIPTYCH:-diptych} images=$(realpath "$1") work=$(realpath "$2")
train() {
    run=$work/$1-$2
    [ -f "$run/encoder.safetensors" ] && exit
    resume=$([ -f "$run/recipe.json" ] && echo --resume || true)
    $diptych pretrain "$images" --loss "$1" --batch "$2" --encoder resnet10 --width 16 --epochs 10 --threads 1 --out "$run" $resume > "$run.log" 2>&1
}
export -f train
for batch in 32 64 128 256 512 1024; do
    for loss in infonce dcl; do echo "$loss $batch"; done
done | xargs -P "$(nproc)" -L 1 bash -c 'train "$@"' _

cd "$(dirname "$0")/.."
dotnet run --project bench/Diptych.Benchmarks -c Release -- q "$work" "$work/q.png"
