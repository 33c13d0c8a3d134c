"""Trains a small convolutional classifier with PyTorch Lightning, with a validation after each epoch.

Usage:
    python train_lightning.py [--epochs N] [--seed N] [--save FILE]
"""

import argparse

import lightning
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

SIZE = 24


def shapes(count, seed):
    """Noisy images of a bright square or a bright frame, at random places."""
    random = torch.Generator().manual_seed(seed)
    images = torch.randn(count, 1, SIZE, SIZE, generator=random) * 0.5
    labels = torch.arange(count) % 2
    for image, label in zip(images, labels):
        top, left = torch.randint(0, SIZE - 8, (2,), generator=random).tolist()
        image[0, top : top + 8, left : left + 8] += 1
        if label:
            image[0, top + 2 : top + 6, left + 2 : left + 6] -= 1
    return TensorDataset(images, labels)


class Classifier(lightning.LightningModule):
    """Two convolutions and a linear layer."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(),
            nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(32, 2),
        )  # fmt: skip

    def forward(self, images):
        return self.layers(images)

    def training_step(self, batch, index):
        images, labels = batch
        return F.cross_entropy(self(images), labels)

    def validation_step(self, batch, index):
        images, labels = batch
        accuracy = (self(images).argmax(1) == labels).float().mean()
        self.log("accuracy", accuracy)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=3e-3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--images", type=int, default=768)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", help="where to write the trained weights")
    options = parser.parse_args()

    lightning.seed_everything(options.seed)
    train = DataLoader(shapes(options.images, seed=1), batch_size=32, shuffle=True)
    validation = DataLoader(shapes(options.images // 4, seed=2), batch_size=64)
    model = Classifier()
    trainer = lightning.Trainer(
        max_epochs=options.epochs, logger=False, enable_checkpointing=False, enable_progress_bar=False, accelerator="cpu"
    )
    trainer.fit(model, train, validation)
    print(f"accuracy {trainer.callback_metrics['accuracy']:.2f}")
    if options.save:
        torch.save(model.state_dict(), options.save)


if __name__ == "__main__":
    main()
