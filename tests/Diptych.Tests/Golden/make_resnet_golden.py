#!/usr/bin/env python3
"""Writes resnet18.json: torchvision's parameter names and shapes, and its features for weights given by a formula.
Needs PyTorch and torchvision (written with 1.13.1 and 0.14.1). Usage: python3 make_resnet_golden.py > resnet18.json"""
import json, sys
import torch, torchvision

def values(name, shape):
    count = 1
    for size in shape: count *= size
    start = sum(name.encode()) % 1000
    v = torch.sin(torch.arange(count, dtype=torch.float64) * 0.37 + start).reshape(shape)
    if name.endswith('running_var'): return 1 + 0.5 * v
    if name.endswith('running_mean'): return 0.1 * v
    if len(shape) == 1: return 1 + 0.1 * v if name.endswith('weight') else 0.1 * v
    return v * (2.0 / (count / shape[0])) ** 0.5

def fill(model):
    with torch.no_grad():
        for name, t in model.state_dict().items():
            if not name.endswith('num_batches_tracked'): t.copy_(values(name, list(t.shape)))

def case(stem, size):
    model = torchvision.models.resnet18()
    if stem == 'small':
        model.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
        model.maxpool = torch.nn.Identity()
    model.fc = torch.nn.Identity()
    fill(model)
    model = model.double()
    images = values('images', [2, 3, size, size])
    out = {'stem': stem, 'size': size, 'tensors': {n: list(t.shape) for n, t in model.state_dict().items()}}
    with torch.no_grad():
        out['evaluation'] = model.eval()(images)[:, :16].tolist()
        out['training'] = model.train()(images)[:, :16].tolist()
        out['running_mean_after'] = model.bn1.running_mean[:8].tolist()
    return out

json.dump([case('small', 16), case('imagenet', 64)], sys.stdout)
