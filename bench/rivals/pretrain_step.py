#!/usr/bin/env python3
"""The rival of the tables "pretrain" and "step": the bare SimCLR + DCL training step in PyTorch, on views made beforehand.
Prints version and, for each of the settings, the median images a second.
Usage: python3 pretrain_step.py BATCH STEPS THREADS nchw|channels-last:float32|bfloat16[,…] [resnet18|resnet50 [SIZE [cpu|cuda]]]"""
import contextlib, statistics, sys, time
import torch, torchvision

batch, steps, threads = (int(argument) for argument in sys.argv[1:4])
settings = [setting.split(':') for setting in sys.argv[4].split(',')]
name, size, device = (sys.argv[5:] + ['resnet18', '32', 'cpu'][len(sys.argv) - 5:])[:3]
size = int(size)
torch.set_num_threads(threads)
same = torch.eye(batch, dtype=torch.bool, device=device).repeat(2, 2)


def rate(layout, precision):
    torch.manual_seed(1)
    encoder = getattr(torchvision.models, name)()
    features = encoder.fc.in_features
    if size <= 64:
        encoder.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
        encoder.maxpool = torch.nn.Identity()
    encoder.fc = torch.nn.Identity()
    projector = torch.nn.Sequential(torch.nn.Linear(features, 512, bias=False), torch.nn.BatchNorm1d(512), torch.nn.ReLU(inplace=True), torch.nn.Linear(512, 128))
    network = torch.nn.Sequential(encoder, projector).train().to(device)
    views = torch.randn(2 * batch, 3, size, size, device=device)
    if layout == 'channels-last':
        network, views = network.to(memory_format=torch.channels_last), views.contiguous(memory_format=torch.channels_last)
    decayed = [p for p in network.parameters() if p.dim() > 1]
    free = [p for p in network.parameters() if p.dim() <= 1]
    optimizer = torch.optim.SGD([{'params': decayed, 'weight_decay': 5e-4}, {'params': free, 'weight_decay': 0.0}], lr=0.01, momentum=0.9)
    cast = torch.autocast(device.split(':')[0], dtype=torch.bfloat16) if precision == 'bfloat16' else contextlib.nullcontext()
    rates = []
    for _ in range(steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        with cast:
            embedding = network(views)
        z = torch.nn.functional.normalize(embedding.float())
        positive = (z[:batch] * z[batch:]).sum(1).repeat(2) / 0.1
        loss = (torch.logsumexp((z @ z.t() / 0.1).masked_fill(same, float('-inf')), 1) - positive).mean()
        loss.backward()
        optimizer.step()
        loss.item()
        rates.append(batch / (time.perf_counter() - start))
    return statistics.median(rates[2:])


version = torch.__version__ if device == 'cpu' else torch.__version__ + ',_' + torch.cuda.get_device_name(device).replace(' ', '_')
print(version, *(f'{rate(*setting):.3f}' for setting in settings))
