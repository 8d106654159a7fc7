#!/bin/bash
# Trains for MINUTES and writes down, every 10 seconds, the resident memory, open files and threads of the process:
#   bench/memory.sh IMAGES WORK [MINUTES]
# into WORK/memory.csv, then shows the growth after the first 10 minutes and draws WORK/memory.png. DIPTYCH names the tool.
set -euo pipefail
images=$(realpath "$1") minutes=${3:-90}
mkdir -p "$2"
work=$(realpath "$2")
${DIPTYCH:-diptych} pretrain "$images" --encoder resnet10 --width 16 --threads 1 --epochs 100000 --checkpoint-every 100 --out "$work/run" > "$work/run.log" 2>&1 &
process=$!
trap 'kill $process 2>/dev/null || true' EXIT
echo seconds,resident-kib,files,threads > "$work/memory.csv"
for ((second = 0; second <= minutes * 60; second += 10)); do
    sleep 10
    resident=$(awk '/^VmRSS/ { print $2 }' /proc/$process/status)
    threads=$(awk '/^Threads/ { print $2 }' /proc/$process/status)
    echo "$SECONDS,$resident,$(find /proc/$process/fd -mindepth 1 | wc -l),$threads" >> "$work/memory.csv"
done
kill -TERM $process
trap - EXIT
wait $process || [ $? = 130 ]

cd "$(dirname "$0")/.."
dotnet run --project bench/Diptych.Benchmarks -c Release -- memory "$work/memory.csv" "$work/memory.png"
