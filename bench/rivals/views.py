#!/usr/bin/env python3
"""The rival of the table "views": two normalized views an image by torchvision on Pillow, one thread.
Prints versions, images a second of CPU time and of wall time.
Usage: python3 views.py FOLDER imagenet|cifar pillow|gaussian LIMIT stored|memory
  stored: every image is decoded from its bytes, inside the measured time; memory: decoded before it."""
import io, pathlib, random, sys, time
import PIL, torch, torchvision
from PIL import Image, ImageFilter
from torchvision import transforms as T

folder, recipe, blur, limit, place = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]
torch.set_num_threads(1)
torch.manual_seed(1)
random.seed(1)


class PillowBlur:
    def __call__(self, image):
        return image.filter(ImageFilter.GaussianBlur(random.uniform(0.1, 2)))


strength = 0.8 if recipe == 'imagenet' else 0.4
steps = [
    T.RandomResizedCrop(224 if recipe == 'imagenet' else 32, scale=(0.08 if recipe == 'imagenet' else 0.2, 1)),
    T.RandomHorizontalFlip(),
    T.RandomApply([T.ColorJitter(strength, strength, strength, strength / 4)], 0.8),
    T.RandomGrayscale(0.2),
]
if recipe == 'imagenet':
    steps.append(T.RandomApply([PillowBlur() if blur == 'pillow' else T.GaussianBlur(23, (0.1, 2))], 0.5))
steps += [T.ToTensor(), T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
draw = T.Compose(steps)

files = [file.read_bytes() for file in sorted(pathlib.Path(folder).iterdir())[:limit]]
images = [Image.open(io.BytesIO(file)).convert('RGB') for file in files] if place == 'memory' else None


def read(i):
    return images[i] if images else Image.open(io.BytesIO(files[i])).convert('RGB')


for i in range(min(20, len(files))):
    draw(read(i))
cpu, wall = time.process_time(), time.perf_counter()
for i in range(len(files)):
    image = read(i)
    draw(image), draw(image)
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print(f'Pillow {PIL.__version__}, torchvision {torchvision.__version__}, torch {torch.__version__};{len(files) / cpu:.2f};{len(files) / wall:.2f}')
