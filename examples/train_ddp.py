"""Data-parallel training on the CPU with gloo, one rank slowed on purpose.

    torchrun --nproc-per-node 2 examples/train_ddp.py
    wattline run -- torchrun --nproc-per-node 2 examples/train_ddp.py
    wattline bloat .wattline/runs/…

Everybody waits for the slowest rank at the end of each backward. `wattline bloat` names it, and says what the others spent
meanwhile.
"""

import argparse
import time

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--samples", type=int, default=4096)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--slow-rank", type=int, default=1, help="-1: none")
    parser.add_argument("--slow-by", type=float, default=0.03, help="seconds an iteration")
    options = parser.parse_args()

    dist.init_process_group("gloo")
    rank = dist.get_rank()
    torch.manual_seed(0)
    torch.set_num_threads(1)

    inputs = torch.randn(options.samples, 64)
    data = TensorDataset(inputs, inputs[:, :10].argmax(dim=1))
    sampler = DistributedSampler(data, seed=0)
    loader = DataLoader(data, batch_size=64, sampler=sampler)
    width = options.width
    model = DistributedDataParallel(
        nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10))
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    loss_of = nn.CrossEntropyLoss()

    for epoch in range(options.epochs):
        sampler.set_epoch(epoch)
        for x, y in loader:
            if rank == options.slow_rank:
                time.sleep(options.slow_by)
            loss = loss_of(model(x), y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        mean = loss.detach().clone()
        dist.all_reduce(mean)
        if rank == 0:
            print(f"epoch {epoch}: loss {mean.item() / dist.get_world_size():.4f}")
    if rank == 0:
        print("weights", sum(p.detach().double().sum().item() for p in model.parameters()).hex())
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
