"""A training loop without a framework: what the tests profile. `train.py [ITERATIONS]`"""

import sys
import time


class Model:
    def __init__(self):
        self.weight = 0.0

    def __call__(self, x):
        return Loss(self, spin(0.01) * 0 + self.weight * x)


class Loss:
    def __init__(self, model, value):
        self.model = model
        self.value = value

    def backward(self):
        spin(0.02)


class Optimizer:
    def __init__(self, model):
        self.model = model

    def step(self):
        self.model.weight += 0.001
        spin(0.002)

    def zero_grad(self):
        pass


def spin(seconds):
    """Work that a clock can see."""
    end = time.perf_counter() + seconds
    total = 0
    while time.perf_counter() < end:
        total += 1
    return total


def batches(count):
    for index in range(count):
        time.sleep(0.01)
        yield index


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    model = Model()
    optimizer = Optimizer(model)
    for x in batches(count):
        loss = model(x)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if x % 20 == 0:
            print(f"iteration {x}", flush=True)


if __name__ == "__main__":
    main()
