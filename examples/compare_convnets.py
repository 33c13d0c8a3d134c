"""Trains one of two image classifiers that do the same number of operations: which is faster, and why?

Usage:
    python compare_convnets.py [--network mobile|residual] [--steps N] [--seed N]

`mobile` is built as MobileNetV2 is, from pointwise and depthwise convolutions; `residual` as ResNet is, from dense
3 x 3 convolutions. The images are made up: a bright bar that stands or lies. Profile both and compare them:

    wattline run -- python examples/compare_convnets.py --network mobile
    wattline run -- python examples/compare_convnets.py --network residual
    wattline gap .wattline/runs/...
"""

import argparse

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

SIZE = 64


class InvertedResidual(nn.Module):
    """Widen, convolve each channel by itself, narrow again (Sandler et al. 2018)."""

    def __init__(self, channels, kernel, expansion=4):
        super().__init__()
        wide = channels * expansion
        self.expand = nn.Conv2d(channels, wide, 1, bias=False)
        self.expand_norm = nn.BatchNorm2d(wide)
        self.depthwise = nn.Conv2d(wide, wide, kernel, padding=kernel // 2, groups=wide, bias=False)
        self.depthwise_norm = nn.BatchNorm2d(wide)
        self.project = nn.Conv2d(wide, channels, 1, bias=False)
        self.project_norm = nn.BatchNorm2d(channels)
        self.activation = nn.ReLU6()

    def forward(self, x):
        y = self.activation(self.expand_norm(self.expand(x)))
        y = self.activation(self.depthwise_norm(self.depthwise(y)))
        return x + self.project_norm(self.project(y))


class Residual(nn.Module):
    """Two dense 3 x 3 convolutions (He et al. 2016)."""

    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)
        self.activation = nn.ReLU()

    def forward(self, x):
        y = self.activation(self.first_norm(self.first(x)))
        return self.activation(x + self.second_norm(self.second(y)))


class Classifier(nn.Module):
    """A stem, three stages of blocks with a halving before each, and a linear layer on the mean of all places."""

    def __init__(self, widths, blocks, classes=2):
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 3, stride=2, padding=1)
        self.stages = nn.ModuleList()
        self.halvings = nn.ModuleList()
        for before, width in zip((None, *widths), widths):
            self.halvings.append(nn.Identity() if before is None else nn.Conv2d(before, width, 2, stride=2))
            self.stages.append(nn.Sequential(*blocks(width)))
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, images):
        x = self.stem(images)
        for halving, stage in zip(self.halvings, self.stages):
            x = stage(halving(x))
        return self.head(x.mean(dim=(2, 3)))


def mobile():
    return Classifier((32, 64, 128), lambda width: [InvertedResidual(width, kernel) for kernel in (3, 3, 3, 5)])


def residual():
    # As many blocks as make the operations the same: 236 million an image forward, within one percent.
    return Classifier((32, 64, 128), lambda width: [Residual(width) for _ in range(2)])


def images(count, generator):
    """Bars in noise, and whether they stand."""
    stands = torch.randint(2, (count,), generator=generator)
    pictures = torch.rand(count, 3, SIZE, SIZE, generator=generator)
    for picture, is_standing in zip(pictures, stands):
        row, column = torch.randint(SIZE - 24, (2,), generator=generator).tolist()
        height, width = (24, 4) if is_standing else (4, 24)
        picture[:, row : row + height, column : column + width] += 0.3
    return TensorDataset(pictures, stands)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", choices=("mobile", "residual"), default="mobile")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    model = {"mobile": mobile, "residual": residual}[options.network]()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    data = images(512, torch.Generator().manual_seed(options.seed))

    step = 0
    while step < options.steps:
        for pictures, stands in DataLoader(data, batch_size=16, shuffle=True, drop_last=True):
            loss = F.cross_entropy(model(pictures), stands)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            if step % 20 == 0:
                print(f"step {step}: loss {loss.item():.3f}", flush=True)
            if step == options.steps:
                break


if __name__ == "__main__":
    main()
