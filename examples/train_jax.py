"""Trains a small perceptron in JAX: the whole update is one compiled function, whose call returns before it is done.

Usage:
    python train_jax.py [--steps N] [--seed N] [--save FILE]
"""

import argparse

import jax
import jax.numpy as jnp
import numpy as np

SIZES = (64, 256, 256, 10)


def batches(count, size, seed):
    """Points of ten clouds in 64 dimensions, and which cloud each is of."""
    random = np.random.default_rng(seed)
    centers = random.normal(size=(SIZES[-1], SIZES[0]))
    for _ in range(count):
        labels = random.integers(0, SIZES[-1], size)
        points = centers[labels] + random.normal(scale=2.0, size=(size, SIZES[0]))
        yield points.astype(np.float32), labels


def initial(seed):
    keys = jax.random.split(jax.random.key(seed), len(SIZES) - 1)
    return [
        (jax.random.normal(key, (inputs, outputs)) * (2 / inputs) ** 0.5, jnp.zeros(outputs))
        for key, inputs, outputs in zip(keys, SIZES, SIZES[1:])
    ]


def loss_of(layers, points, labels):
    for weights, bias in layers[:-1]:
        points = jax.nn.relu(points @ weights + bias)
    weights, bias = layers[-1]
    scores = jax.nn.log_softmax(points @ weights + bias)
    return -jnp.take_along_axis(scores, labels[:, None], axis=1).mean()


@jax.jit
def train_step(layers, points, labels):
    """Gradients and a step down them."""
    loss, gradients = jax.value_and_grad(loss_of)(layers, points, labels)
    return jax.tree.map(lambda value, gradient: value - 0.05 * gradient, layers, gradients), loss


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", help="where to write the trained weights")
    options = parser.parse_args()

    layers = initial(options.seed)
    for step, (points, labels) in enumerate(batches(options.steps, options.batch_size, options.seed)):
        layers, loss = train_step(layers, points, labels)
        if step % 50 == 0 or step == options.steps - 1:
            print(f"step {step:4d}  loss {float(loss):.3f}", flush=True)

    if options.save:
        np.savez(options.save, *jax.tree.leaves(layers))


if __name__ == "__main__":
    main()
