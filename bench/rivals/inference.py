#!/usr/bin/env python3
"""The rival of the table "features": bare inference of ResNet-18 (3×3 stem) in PyTorch, float32, on images decoded beforehand.
Prints version and images a second. Usage: python3 inference.py IMAGES BATCH THREADS nchw|channels-last [cpu|cuda]"""
import sys, time
import torch, torchvision

images, batch, threads, layout, device = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], (sys.argv[5:] + ['cpu'])[0]
torch.set_num_threads(threads)
encoder = torchvision.models.resnet18()
encoder.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
encoder.maxpool = torch.nn.Identity()
encoder.fc = torch.nn.Identity()
encoder.eval().to(device)
views = torch.randn(images, 3, 32, 32, device=device)
if layout == 'channels-last':
    encoder, views = encoder.to(memory_format=torch.channels_last), views.contiguous(memory_format=torch.channels_last)
with torch.inference_mode():
    encoder(views[:batch]).cpu()
    start = time.perf_counter()
    features = torch.cat([encoder(part) for part in views.split(batch)]).cpu()
    print(f'{torch.__version__} {images / (time.perf_counter() - start):.3f}')
