#!/usr/bin/env python3
"""Writes methods-golden.json: two steps of MoCo, symmetric MoCo and NNCLR with each loss, from weights given by a formula.
Losses are plain loops over the definitions of arXiv 2110.06848v3; gradients come from PyTorch in double precision.
Needs PyTorch (written with 1.13.1). Usage: python3 make_methods_golden.py > methods-golden.json"""
import copy, json, sys
import torch
from torch import nn
from torch.nn.functional import normalize

WIDTH, HIDDEN, DIM, IMAGES, SIZE, KEPT = 4, 6, 5, 3, 8, 7
TEMPERATURE, SIGMA, MOMENTUM, RATE, DECAY = 0.2, 0.5, 0.9, 0.05, 0.01


def values(name, shape):
    count = 1
    for size in shape: count *= size
    start = sum(name.encode()) % 1000
    v = torch.sin(torch.arange(count, dtype=torch.float64) * 0.37 + start).reshape(shape)
    if name.endswith('running_var'): return 1 + 0.5 * v
    if name.endswith('running_mean'): return 0.1 * v
    if len(shape) == 1: return 1 + 0.1 * v if name.endswith('weight') else 0.1 * v
    return v * (2.0 / (count / shape[0])) ** 0.5


class Block(nn.Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False); self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False); self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)) if stride != 1 or before != channels else None

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))) + shortcut)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTH, 3, padding=1, bias=False); self.bn1 = nn.BatchNorm2d(WIDTH)
        stage = lambda before, channels, stride: nn.Sequential(Block(before, channels, stride), Block(channels, channels, 1))
        self.layer1, self.layer2 = stage(WIDTH, WIDTH, 1), stage(WIDTH, 2 * WIDTH, 2)
        self.layer3, self.layer4 = stage(2 * WIDTH, 4 * WIDTH, 2), stage(4 * WIDTH, 8 * WIDTH, 2)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3))


class Mlp(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x): return self.layers(x)


def projector(kind):
    inputs = 8 * WIDTH
    if kind == 'moco': return Mlp(nn.Linear(inputs, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, DIM))
    return Mlp(nn.Linear(inputs, HIDDEN, bias=False), nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN, bias=False),
               nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, DIM, bias=False), nn.BatchNorm1d(DIM))


def fill(networks):
    with torch.no_grad():
        for name, network in networks.items():
            for key, t in network.state_dict().items():
                if not key.endswith('num_batches_tracked'): t.copy_(values(f'{name}.{key}', list(t.shape)))


def loss_of(name, anchors, positives, negatives_of):
    """One anchor at a time: positives[i] is a row, negatives_of(i) a list of rows; all of length 1."""
    dots = [anchors[i] @ positives[i] for i in range(len(anchors))]
    powers = [torch.exp(d.detach() / SIGMA) for d in dots]
    terms = []
    for i in range(len(anchors)):
        total = sum(torch.exp(anchors[i] @ n / TEMPERATURE) for n in negatives_of(i))
        if name == 'infonce': total = total + torch.exp(dots[i] / TEMPERATURE)
        weight = 2 - powers[i] / (sum(powers) / len(powers)) if name == 'dclw' else 1
        terms.append(-weight * dots[i] / TEMPERATURE + torch.log(total))
    return sum(terms) / len(terms)


class Ring:
    def __init__(self): self.rows, self.images, self.next, self.filled = torch.zeros(KEPT, DIM, dtype=torch.float64), [None] * KEPT, 0, 0

    def add(self, rows, images):
        for row, image in zip(normalize(rows.detach()), images):
            self.rows[self.next], self.images[self.next] = row, image
            self.next, self.filled = (self.next + 1) % KEPT, min(KEPT, self.filled + 1)

    def list(self): return [(self.images[i], self.rows[i].clone()) for i in range(self.filled)]


# Which images a batch of views is of: in the steps some that were there before.
NUMBERS = {10: [0, 1, 2], 11: [3, 4, 5], 1: [4, 0, 7], 2: [1, 8, 4]}


def views(number): return values(f'views-{number}', [2 * IMAGES, 3, SIZE, SIZE])


def optimizer_of(networks):
    named = [p for n in networks for p in n.parameters()]
    return torch.optim.SGD([{'params': [p for p in named if p.dim() > 1], 'weight_decay': DECAY}, {'params': [p for p in named if p.dim() <= 1]}], lr=RATE, momentum=0.9)


def case(method, symmetric, loss):
    networks = {'encoder': Encoder(), 'projector': projector(method)}
    if method == 'nnclr': networks['predictor'] = Mlp(nn.Linear(DIM, HIDDEN, bias=False), nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, DIM))
    fill(networks)
    for n in networks.values(): n.double().train()
    trained = list(networks.values())
    if method == 'moco':
        networks['momentum-encoder'], networks['momentum-projector'] = copy.deepcopy(networks['encoder']), copy.deepcopy(networks['projector'])
    optimizer, ring, losses = optimizer_of(trained), Ring(), []

    def targets(x):
        with torch.no_grad():
            return [networks['momentum-projector'](networks['momentum-encoder'](v)) for v in x.split(IMAGES)[0 if symmetric else 1:]]

    # Before the first step: two batches fill six of the seven places.
    for number in (10, 11):
        if method == 'moco':
            for k in targets(views(number)): ring.add(k, NUMBERS[number])
        else:
            with torch.no_grad():
                z = networks['projector'](networks['encoder'](views(number)))
                networks['predictor'](z)
                ring.add(z[:IMAGES], NUMBERS[number])

    for number in (1, 2):
        x, kept = views(number), ring.list()
        optimizer.zero_grad()
        if method == 'moco':
            q = [networks['projector'](networks['encoder'](v)) for v in x.split(IMAGES)[:2 if symmetric else 1]]
            others = lambda i: [row for image, row in kept if image != NUMBERS[number][i]]
            k = targets(x)
            value = sum(loss_of(loss, normalize(q[i]), normalize(k[len(k) - 1 - i]), others) for i in range(len(q))) / len(q)
        else:
            z = networks['projector'](networks['encoder'](x))
            p = [normalize(part) for part in networks['predictor'](z).split(IMAGES)]
            z = z.detach().split(IMAGES)
            neighbours = [[max([row for _, row in kept], key=lambda row: float(row @ normalize(e, dim=0))) for e in part] for part in z]
            direction = lambda a, b: loss_of(loss, a, b, lambda i: [b[j] for j in range(IMAGES) if j != i])
            value = (direction(neighbours[0], p[1]) + direction(neighbours[1], p[0])) / 2
        value.backward()
        for rows in (k if method == 'moco' else [z[0]]): ring.add(rows, NUMBERS[number])
        optimizer.step()
        if method == 'moco':
            with torch.no_grad():
                for slow, own in (('momentum-encoder', 'encoder'), ('momentum-projector', 'projector')):
                    for s, t in zip(networks[slow].parameters(), networks[own].parameters()): s.copy_(MOMENTUM * s + (1 - MOMENTUM) * t)
        losses.append(value.item())

    tensors = {f'{n}.{k}': t.double().flatten() for n, m in networks.items() for k, t in m.state_dict().items()}
    return {'method': method, 'symmetric': symmetric, 'loss': loss, 'losses': losses, 'next': ring.next, 'filled': ring.filled, 'rows': ring.rows.tolist(),
            'tensors': {k: {'first': t[:2].tolist(), 'sum': t.sum().item(), 'squares': (t * t).sum().item()} for k, t in tensors.items()}}


torch.set_default_dtype(torch.float64)
json.dump([case(m, s, l) for m, s in (('moco', False), ('moco', True), ('nnclr', False)) for l in ('infonce', 'dcl', 'dclw')], sys.stdout)
