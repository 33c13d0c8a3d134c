"""Pipeline-parallel training on the CPU: a stage of the model on each process, microbatches in between.

    torchrun --nproc-per-node 2 examples/train_pipeline.py --schedule 1f1b
    wattline run -- torchrun --nproc-per-node 2 examples/train_pipeline.py
    wattline bloat .wattline/runs/…

A stage that has nothing to do waits: the bubble. `wattline bloat` says what it costs, and builds the graph of the
iteration from the run.
"""

import argparse

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.pipelining import PipelineStage, Schedule1F1B, ScheduleGPipe, ScheduleInterleaved1F1B

WIDTH = 256


def block(layers):
    return nn.Sequential(*(module for _ in range(layers) for module in (nn.Linear(WIDTH, WIDTH), nn.Tanh())))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--schedule", choices=["1f1b", "gpipe", "interleaved"], default="1f1b")
    parser.add_argument("--microbatches", type=int, default=4)
    parser.add_argument("--iterations", type=int, default=40)
    parser.add_argument("--batch", type=int, default=512)
    options = parser.parse_args()

    dist.init_process_group("gloo")
    rank, ranks = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)
    torch.set_num_threads(1)

    chunks = 2 if options.schedule == "interleaved" else 1
    places = [rank + chunk * ranks for chunk in range(chunks)]
    # The last stage has twice the work: a pipeline that is out of balance, as most are.
    blocks = [block(4 if place == ranks * chunks - 1 else 2) for place in range(ranks * chunks)]
    stages = [PipelineStage(blocks[place], place, ranks * chunks, torch.device("cpu")) for place in places]
    loss_of = nn.functional.mse_loss
    if options.schedule == "interleaved":
        schedule = ScheduleInterleaved1F1B(stages, options.microbatches, loss_fn=loss_of)
    else:
        kind = {"1f1b": Schedule1F1B, "gpipe": ScheduleGPipe}[options.schedule]
        schedule = kind(stages[0], options.microbatches, loss_fn=loss_of)
    parameters = [parameter for stage in stages for parameter in stage.submod.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.1)

    x = torch.randn(options.batch, WIDTH)
    y = x.roll(1, dims=1)
    losses = []
    for _ in range(options.iterations):
        optimizer.zero_grad()
        if rank == 0:
            schedule.step(x)
        elif rank == ranks - 1:
            losses.clear()
            schedule.step(target=y, losses=losses)
        else:
            schedule.step()
        optimizer.step()
    total = torch.tensor([sum(parameter.detach().double().sum().item() for parameter in parameters)])
    dist.all_reduce(total)
    if rank == ranks - 1:
        print(f"loss {sum(loss.item() for loss in losses) / len(losses):.4f}, weights {total.item().hex()}")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
