#!/usr/bin/env python3
"""The rivals of the table "loss": DCL in PyTorch, forward and backward, in two forms, one thread.
Prints version; then for each N CPU seconds of the loss, CPU seconds of the matrix products it cannot avoid (4(2N)²d operations at sgemm's rate), peak MiB.
On another device than the CPU seconds are those of the clock, and peak MiB what libtorch allocated there.
Usage: python3 loss.py full-matrix|lightly N[,…] D [cpu|cuda]"""
import sys, time
import torch

form, counts, dimensions, device = sys.argv[1], [int(n) for n in sys.argv[2].split(',')], int(sys.argv[3]), (sys.argv[4:] + ['cpu'])[0]
on_cpu = device == 'cpu'
temperature = 0.1
torch.set_num_threads(1)
torch.manual_seed(1)


def full_matrix(first, second):
    n = first.shape[0]
    z = torch.nn.functional.normalize(torch.cat([first, second]))
    same = torch.eye(n, dtype=torch.bool, device=device).repeat(2, 2)
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
    others = ~torch.eye(n, dtype=torch.bool, device=device)
    negatives = torch.cat([within[others].view(n, -1), across[others].view(n, -1)], dim=1)
    return (torch.logsumexp(negatives, dim=1) - positive).mean()


def memory(key):
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key)) / 1024


def now():
    if on_cpu:
        return time.process_time()
    torch.cuda.synchronize(device)
    return time.perf_counter()


def step(n):
    """Seconds, and MiB above those before."""
    first, second = (torch.randn(n, dimensions, device=device, requires_grad=True) for _ in range(2))
    if not on_cpu:
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device) / 2 ** 20
    else:
        with open('/proc/self/clear_refs', 'w') as file:
            file.write('5')
        before = memory('VmRSS')
    start = now()
    {'full-matrix': full_matrix, 'lightly': lightly}[form](first, second).backward()
    seconds = now() - start
    return seconds, (memory('VmHWM') if on_cpu else torch.cuda.max_memory_allocated(device) / 2 ** 20) - before


def product():
    size = 2048 if on_cpu else 16384
    a, b = torch.ones(size, size, device=device), torch.ones(size, size, device=device)
    start = now()
    a @ b
    return (now() - start) / (2 * size ** 3)


step(8)
words = [torch.__version__ if on_cpu else torch.__version__ + ',_' + torch.cuda.get_device_name(device).replace(' ', '_')]
cells = []
for images in counts:
    seconds, peak = step(images)
    repeats = max(2, min(50, int(2 / seconds)))
    cells.append((images, min(seconds, *(step(images)[0] for _ in range(repeats))), peak))
product()
rate = min(product() for _ in range(3))
for images, seconds, peak in cells:
    words += [seconds, 4 * (2 * images) ** 2 * dimensions * rate, peak]
print(*words)
