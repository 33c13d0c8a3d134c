"""Trains a small CNN on images that are decoded and augmented in the main process: the model waits for its data.

The images are made once, compressed as PNG does it (filtered rows, then zlib) and kept in memory, so that what is slow
is the decoding and the augmentation, as in many a real input pipeline. `--workers 2` moves it to other processes.

Usage:
    python slow_data_loader.py [--epochs N] [--workers N] [--seed N] [--save FILE]
"""

import argparse
import zlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

SIZE = 128
CLASSES = 4


def draw(label, random):
    """An image of stripes in one of four directions, with noise. Height × width × 3, bytes."""
    angle = np.pi * label / CLASSES + random.normal(0, 0.08)
    row, column = np.mgrid[0:SIZE, 0:SIZE]
    wave = np.sin((row * np.sin(angle) + column * np.cos(angle)) * random.uniform(0.25, 0.5))
    image = 128 + 60 * wave[..., None] * random.uniform(0.3, 1.0, 3) + random.normal(0, 25, (SIZE, SIZE, 3))
    return image.clip(0, 255).astype(np.uint8)


def encode(image):
    """Each row as the difference from the row above, compressed."""
    rows = image.astype(np.int16)
    rows[1:] -= image[:-1]
    return zlib.compress(rows.astype(np.uint8).tobytes(), 6)


def decode(data):
    """The image that `encode` was given."""
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(SIZE, SIZE, 3)
    return np.add.accumulate(rows, axis=0, dtype=np.uint8)


def augment(image, random):
    """A crop, resized by interpolation and blurred a little. Channels × height × width, around 0."""
    size = int(random.integers(SIZE * 3 // 4, SIZE))
    top, left = random.integers(0, SIZE - size, 2)
    crop = image[top : top + size, left : left + size].astype(np.float32) / 255 - 0.5
    place = np.linspace(0, size - 1.001, SIZE)
    low, part = place.astype(int), (place % 1).astype(np.float32)
    crop = crop[low] * (1 - part)[:, None, None] + crop[low + 1] * part[:, None, None]
    crop = crop[:, low] * (1 - part)[None, :, None] + crop[:, low + 1] * part[None, :, None]
    for axis in (0, 1):
        crop = (np.roll(crop, 1, axis) + 2 * crop + np.roll(crop, -1, axis)) / 4
    return np.ascontiguousarray(crop.transpose(2, 0, 1), np.float32)


class Stripes(Dataset):
    """Compressed images, decoded and augmented whenever one is asked for."""

    def __init__(self, count, seed):
        random = np.random.default_rng(seed)
        self.labels = random.integers(0, CLASSES, count)
        self.files = [encode(draw(label, random)) for label in self.labels]
        self.seed = seed

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        random = np.random.default_rng((self.seed, index))
        return torch.from_numpy(augment(decode(self.files[index]), random)), int(self.labels[index])


def network():
    """Three convolutions and a linear layer."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=4), nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, CLASSES),
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", help="where to write the trained weights")
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    data = Stripes(options.images, options.seed)
    loader = DataLoader(data, batch_size=options.batch_size, shuffle=True, num_workers=options.workers)
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

    for epoch in range(options.epochs):
        right = 0
        for images, labels in loader:
            outputs = model(images)
            loss = F.cross_entropy(outputs, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            right += (outputs.argmax(1) == labels).sum().item()
        print(f"epoch {epoch}  accuracy {right / len(data):.1%}", flush=True)
    if options.save:
        torch.save(model.state_dict(), options.save)


if __name__ == "__main__":
    main()
