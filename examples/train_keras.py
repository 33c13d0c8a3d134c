"""Trains a small convolutional network with Keras 3, on whichever back end is there.

Usage:
    KERAS_BACKEND=torch python train_keras.py [--epochs N] [--seed N] [--save FILE.npz]
"""

import argparse

import keras
import numpy as np

SIZE = 20


def waves(count, seed):
    """Noisy images of waves that run across or down."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    phase = random.uniform(0, 6, (count, 1))
    line = np.sin(np.arange(SIZE) * 0.9 + phase)
    images = np.where(labels[:, None, None] == 1, line[:, None, :], line[:, :, None])
    images = images + random.normal(0, 1.5, (count, SIZE, SIZE))
    return images[..., None].astype("float32"), labels


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--images", type=int, default=768)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", help="where to write the trained weights")
    options = parser.parse_args()

    keras.utils.set_random_seed(options.seed)
    model = keras.Sequential(
        [
            keras.layers.Input((SIZE, SIZE, 1)),
            keras.layers.Conv2D(16, 5, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(2),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    images, labels = waves(options.images, seed=1)
    model.fit(
        images, labels, batch_size=32, epochs=options.epochs,
        validation_data=waves(options.images // 4, seed=2), verbose=0,
    )  # fmt: skip
    print(f"accuracy {model.evaluate(images, labels, verbose=0)[1]:.2f}")
    if options.save:
        np.savez(options.save, *model.get_weights())


if __name__ == "__main__":
    main()
