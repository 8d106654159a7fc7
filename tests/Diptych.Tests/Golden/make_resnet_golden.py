#!/usr/bin/env python3
"""Writes resnets.json: torchvision's parameter names and shapes, and its features for weights given by a formula.
Needs PyTorch and torchvision (written with 1.13.1 and 0.14.1). Usage: python3 make_resnet_golden.py > resnets.json"""
import json, sys
import torch, torchvision

def values(name, shape):
    count = 1
    for size in shape: count *= size
    start = sum(name.encode()) % 1000
    # Squares modulo a prime look random and are exact in integers, so that both sides begin with the same bits.
    i = torch.arange(count, dtype=torch.int64) + start
    v = (i * i % 1000003 * 7919 % 1000003 - 500001).double().div(290000).reshape(shape)
    if name.endswith('running_var'): return 1 + 0.5 * v
    if name.endswith('running_mean'): return 0.1 * v
    if len(shape) == 1: return 1 + 0.1 * v if name.endswith('weight') else 0.1 * v
    return v * (2.0 / (count / shape[0])) ** 0.5

def fill(model):
    with torch.no_grad():
        for name, t in model.state_dict().items():
            if not name.endswith('num_batches_tracked'): t.copy_(values(name, list(t.shape)))

def case(name, stem, size, channels=3):
    model = getattr(torchvision.models, name)()
    if stem == 'small':
        model.conv1 = torch.nn.Conv2d(channels, 64, 3, padding=1, bias=False)
        model.maxpool = torch.nn.Identity()
    elif channels != 3:
        model.conv1 = torch.nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
    model.fc = torch.nn.Identity()
    model = model.double()
    fill(model)
    images = values('images', [2, channels, size, size])
    out = {'encoder': name, 'stem': stem, 'size': size, 'channels': channels, 'tensors': {n: list(t.shape) for n, t in model.state_dict().items()}}
    with torch.no_grad():
        out['evaluation'] = model.eval()(images)[:, :16].tolist()
        out['training'] = model.train()(images)[:, :16].tolist()
        out['running_mean_after'] = model.bn1.running_mean[:8].tolist()
    return out

json.dump([case('resnet18', 'small', 16), case('resnet18', 'imagenet', 64), case('resnet34', 'imagenet', 64, 1), case('resnet50', 'small', 16, 4),
           case('resnet50', 'imagenet', 64), case('resnet101', 'imagenet', 64), case('wide_resnet50_2', 'small', 16)], sys.stdout)
