#!/usr/bin/env python3
"""The rival of the table "checkpoint": torch.save with fsync, and torch.load, of the tensors of a .safetensors file.
Prints the version and the seconds of each. Usage: python3 checkpoint.py STATE.safetensors FOLDER"""
import json, os, sys, time
import torch

source, folder = sys.argv[1], sys.argv[2]
types = {'F32': torch.float32, 'I64': torch.int64}
with open(source, 'rb') as file:
    length = int.from_bytes(file.read(8), 'little')
    header = json.loads(file.read(length))
    data = bytearray(file.read())
tensors = {}
for name, entry in header.items():
    if name != '__metadata__':
        begin, end = entry['data_offsets']
        tensors[name] = torch.frombuffer(data[begin:end], dtype=types[entry['dtype']]).reshape(entry['shape']).clone()

path = os.path.join(folder, 'state.pt')
start = time.perf_counter()
with open(path + '.tmp', 'wb') as file:
    torch.save(tensors, file)
    file.flush()
    os.fsync(file.fileno())
os.replace(path + '.tmp', path)
saved = time.perf_counter() - start
start = time.perf_counter()
loaded = torch.load(path)
read = time.perf_counter() - start
assert all(torch.equal(loaded[name], tensor) for name, tensor in tensors.items())
print(f'{torch.__version__} {saved:.4f} {read:.4f}')
