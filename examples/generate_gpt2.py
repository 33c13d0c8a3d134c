"""Writes on from a few prompts with a small GPT-2 of random weights: prefill reads a prompt, decode writes token by token.

Nothing is downloaded, so the answers are noise; the work is that of a real model of this shape.

Usage:
    python generate_gpt2.py [--prompts N] [--tokens N] [--seed N]
"""

import argparse
import time

import torch
from transformers import GPT2Config, GPT2LMHeadModel

WORDS, PROMPT = 1000, 96


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=48, help="to write for each prompt")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    config = GPT2Config(
        vocab_size=WORDS, n_embd=options.width, n_layer=options.layers, n_head=4, n_positions=PROMPT + options.tokens,
        bos_token_id=0, eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    model = GPT2LMHeadModel(config).eval()
    prompts = torch.randint(1, WORDS, (options.prompts, PROMPT))

    began, answers = time.perf_counter(), []
    for batch in prompts.split(options.batch_size):
        mask = torch.ones_like(batch)
        written = model.generate(batch, attention_mask=mask, max_new_tokens=options.tokens, do_sample=True)
        answers.append(written[:, PROMPT:])
    seconds = time.perf_counter() - began

    for answer in torch.cat(answers):
        print(*answer[:16].tolist(), "…")
    print(f"{options.prompts * options.tokens / seconds:.0f} tokens a second")


if __name__ == "__main__":
    main()
