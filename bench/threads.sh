#!/bin/bash
# How libtorch's threads and the loader's share the cores: bench/threads.sh PHOTOGRAPHS TILES [ROUNDS]
# Prints a row a kind of training: images/s of `diptych pretrain`, median [minimum-maximum] of the rounds in turns. PHOTOGRAPHS should take more than
# 1 GiB decoded, so that they are decoded anew in each epoch. DIPTYCH names the tool, as in DIPTYCH="dotnet Diptych.Cli.dll".
set -euo pipefail
photographs=$1 tiles=$2 rounds=${3:-3}
diptych=${DIPTYCH:-diptych} cores=$(nproc) long=GOMP_SPINCOUNT=300000 # what libgomp does where nothing is asked of it
[ "$cores" -gt 1 ] || { echo 'One core has nothing to share.' >&2; exit 1; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
# Images a second after the first six steps, in some seconds of training.
rate() { # SECONDS ENVIRONMENT THREADS WORKERS IMAGES OPTIONS...
    local seconds=$1 spin=$2 threads=$3 workers=$4; shift 4
    rm -rf "$work/run"
    env $spin timeout "$seconds" $diptych pretrain "$@" --epochs 1000 --precision bfloat16 --threads "$threads" $workers --out "$work/run" > "$work/said" 2>&1 || true
    [ -f "$work/run/metrics.jsonl" ] || { cat "$work/said" >&2; exit 1; }
    sed 's/.*"images-per-second":\([0-9.]*\).*/\1/' "$work/run/metrics.jsonl" | awk 'NR > 6 { n++; s += 1 / $1 } END { if (!n) exit 1; printf "%.0f\n", n / s }'
}
row() { # NAME SECONDS IMAGES OPTIONS...
    local name=$1 seconds=$2; shift 2
    for _ in $(seq "$rounds"); do
        rate "$seconds" $long "$cores" '--workers 1' "$@" >> "$work/a"
        rate "$seconds" '' "$cores" '--workers 1' "$@" >> "$work/b"
        rate "$seconds" '' "$cores" '' "$@" >> "$work/c"
        rate "$seconds" '' $((cores - 1)) '--workers 1' "$@" >> "$work/d"
        echo "$name: $(tail -qn 1 "$work"/[abcd] | xargs)" >&2
    done
    for column in a b c d; do
        sort -n "$work/$column" | awk '{ v[NR] = $1 } END { printf " | %d [%d–%d]", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2, v[1], v[NR] }'
    done > "$work/row"
    echo "| $name$(cat "$work/row") |"
    rm "$work"/[abcd]
}
echo "| training | long spin, 1 worker | brief spin, 1 worker | brief spin, $cores workers (the default) | brief spin, $((cores - 1)) of $cores threads, 1 worker |"
echo "|---|---|---|---|---|"
row "photographs, 32 pixels, ResNet-10 of width 16, batch 64" 13 "$photographs" --image-size 32 --encoder resnet10 --width 16 --batch 64
row "photographs, 64 pixels, ResNet-10 of width 16, batch 32" 16 "$photographs" --image-size 64 --encoder resnet10 --width 16 --batch 32
row "tiles, 32 pixels, ResNet-10 of width 16, batch 64" 10 "$tiles" --image-size 32 --views satellite --encoder resnet10 --width 16 --batch 64
