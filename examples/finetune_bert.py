"""Fine-tunes a tiny BERT, of random weights, with Hugging Face's Trainer: does a word occur in a sentence?

Nothing is downloaded. An update has two micro-batches (gradient accumulation); each epoch ends with an evaluation.

Usage:
    python finetune_bert.py [--epochs N] [--seed N] [--save FOLDER]
"""

import argparse

import torch
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

WORDS, LENGTH = 200, 24
WORD = 10


class Sentences(Dataset):
    """Random words; in every other sentence WORD is among them, and its label is 1."""

    def __init__(self, count, seed):
        random = torch.Generator().manual_seed(seed)
        self.words = torch.randint(WORD + 1, WORDS, (count, LENGTH), generator=random)
        self.labels = torch.arange(count) % 2
        places = torch.randint(0, LENGTH, (count,), generator=random)
        self.words[self.labels == 1, places[self.labels == 1]] = WORD

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return {"input_ids": self.words[index], "labels": self.labels[index]}


def accuracy(prediction):
    return {"accuracy": float((prediction.predictions.argmax(-1) == prediction.label_ids).mean())}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--sentences", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", help="where to write the trained model")
    options = parser.parse_args()

    set_seed(options.seed)
    config = BertConfig(
        vocab_size=WORDS, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128
    )
    trainer = Trainer(
        model=BertForSequenceClassification(config),
        args=TrainingArguments(
            output_dir="checkpoints",
            num_train_epochs=options.epochs,
            per_device_train_batch_size=16,
            per_device_eval_batch_size=64,
            gradient_accumulation_steps=2,
            learning_rate=1e-3,
            eval_strategy="epoch",
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            dataloader_pin_memory=False,
            seed=options.seed,
        ),
        train_dataset=Sentences(options.sentences, seed=1),
        eval_dataset=Sentences(options.sentences // 4, seed=2),
        compute_metrics=accuracy,
    )
    trainer.train()
    print(f"accuracy {trainer.evaluate()['eval_accuracy']:.2f}")
    if options.save:
        trainer.save_model(options.save)


if __name__ == "__main__":
    main()
