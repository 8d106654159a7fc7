#!/usr/bin/env python3
"""The rivals of the table "loss": DCL in PyTorch, forward and backward, in two forms, one thread.
Prints version, CPU seconds of the loss, CPU seconds of the matrix products it cannot avoid (4(2N)²d operations at sgemm's rate), peak MiB.
Usage: python3 loss.py full-matrix|lightly N D"""
import sys, time
import torch

form, images, dimensions = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
temperature = 0.1
torch.set_num_threads(1)
torch.manual_seed(1)


def full_matrix(first, second):
    n = first.shape[0]
    z = torch.nn.functional.normalize(torch.cat([first, second]))
    same = torch.eye(n, dtype=torch.bool).repeat(2, 2)
    positive = (z[:n] * z[n:]).sum(1).repeat(2) / temperature
    return (torch.logsumexp((z @ z.t() / temperature).masked_fill(same, float('-inf')), 1) - positive).mean()


def lightly(first, second):
    """What lightly's DCLLoss computes since 1.5.21: one side at a time, the diagonal of both N x N blocks cut out by a boolean mask."""
    a, b = torch.nn.functional.normalize(first), torch.nn.functional.normalize(second)
    return (one_side(a, b) + one_side(b, a)) / 2


def one_side(a, b):
    n = a.shape[0]
    within, across = torch.einsum('nc,mc->nm', a, a) / temperature, torch.einsum('nc,mc->nm', a, b) / temperature
    positive = across.diagonal()
    others = ~torch.eye(n, dtype=torch.bool)
    negatives = torch.cat([within[others].view(n, -1), across[others].view(n, -1)], dim=1)
    return (torch.logsumexp(negatives, dim=1) - positive).mean()


def memory(key):
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key)) / 1024


before = 0


def step(n):
    global before
    first, second = torch.randn(n, dimensions, requires_grad=True), torch.randn(n, dimensions, requires_grad=True)
    if not before and n == images:
        with open('/proc/self/clear_refs', 'w') as file:
            file.write('5')
        before = memory('VmRSS')
    start = time.process_time()
    {'full-matrix': full_matrix, 'lightly': lightly}[form](first, second).backward()
    return time.process_time() - start


def product():
    a, b = torch.ones(2048, 2048), torch.ones(2048, 2048)
    start = time.process_time()
    a @ b
    return (time.process_time() - start) / (2 * 2048 ** 3)


step(8)
seconds = [step(images)]
peak = memory('VmHWM') - before
product()
repeats = max(2, min(50, int(2 / seconds[0])))
seconds += [step(images) for _ in range(repeats)]
rate = min(product() for _ in range(3))
print(torch.__version__, min(seconds), 4 * (2 * images) ** 2 * dimensions * rate, peak)
