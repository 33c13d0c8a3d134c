"""Trains a small character-level GPT on a piece of Shakespeare: about half a minute on two CPU cores.

Usage:
    python train_char_gpt.py [--steps N] [--seed N] [--save FILE]
"""

import argparse
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, RandomSampler

TEXT = Path(__file__).parent / "data" / "coriolanus.txt"


class Characters(Dataset):
    """Every window of a text, as character numbers; the target is the same window one character later."""

    def __init__(self, text, length):
        self.vocabulary = sorted(set(text))
        numbers = {character: number for number, character in enumerate(self.vocabulary)}
        self.text = torch.tensor([numbers[character] for character in text])
        self.length = length

    def __len__(self):
        return len(self.text) - self.length

    def __getitem__(self, start):
        window = self.text[start : start + self.length + 1]
        return window[:-1], window[1:]


class Block(nn.Module):
    """Causal self-attention and a perceptron, each with a residual connection."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.norm_perceptron = nn.LayerNorm(width)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = self.query_key_value(self.norm_attention(x)).chunk(3, dim=-1)
        q, k, v = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in (q, k, v))
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.project(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.perceptron(self.norm_perceptron(x))


class CharGPT(nn.Module):
    """A GPT over characters."""

    def __init__(self, vocabulary, length, width=128, heads=4, layers=4):
        super().__init__()
        self.length = length
        self.character = nn.Embedding(vocabulary, width)
        self.position = nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, x):
        positions = torch.arange(x.shape[1], device=x.device)
        return self.head(self.norm(self.blocks(self.character(x) + self.position(positions))))

    @torch.no_grad()
    def generate(self, x, count):
        """Writes on from `x`, character by character."""
        for _ in range(count):
            logits = self(x[:, -self.length :])[:, -1]
            x = torch.cat([x, torch.multinomial(logits.softmax(-1), 1)], dim=1)
        return x


def train(model, loader, optimizer):
    """One pass over the loader."""
    model.train()
    for step, (x, y) in enumerate(loader):
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0 or step == len(loader) - 1:
            print(f"step {step:4d}  loss {loss.item():.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=Path, help="where to write the trained weights")
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    data = Characters(TEXT.read_text(encoding="utf-8"), options.length)
    sampler = RandomSampler(data, num_samples=options.steps * options.batch_size)
    loader = DataLoader(data, batch_size=options.batch_size, sampler=sampler)
    model = CharGPT(len(data.vocabulary), options.length)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(data.vocabulary)} characters")
    train(model, loader, torch.optim.AdamW(model.parameters(), lr=1e-3))

    if options.save:
        torch.save(model.state_dict(), options.save)

    model.eval()
    start = torch.tensor([[data.vocabulary.index("\n")]])
    print("".join(data.vocabulary[number] for number in model.generate(start, 200)[0]))


if __name__ == "__main__":
    main()
