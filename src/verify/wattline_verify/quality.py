"""What a model makes of the samples: loss and first choices of each, for the baseline and for every variant."""

from .fault import Fault

# Logits are looked at in pieces of this many tokens: a vocabulary of 128k takes 0.5 MB a token in float32.
PIECE = 64


class LanguageTask:
    """Loss a token of texts, in windows of at most `window` tokens."""

    unit = "token"

    def __init__(self, torch, tokenizer, kind, data, count, window):
        self.torch = torch
        self.samples = []  # (token ids, index of the first token that counts)
        if kind == "text":
            ids = tokenizer(data, add_special_tokens=False, verbose=False)["input_ids"]
            starts = list(range(0, max(1, len(ids) - 1), window))
            from .texts import spread
            pieces = [(ids[start:start + window], 1) for start in spread(starts, count)]
        else:
            pieces = []
            for sample in data:
                ids = tokenizer(sample["text"], verbose=False)["input_ids"]
                prompt = tokenizer(sample["prompt"], verbose=False)["input_ids"] if "prompt" in sample else []
                pieces.append((ids[:window], max(1, len(prompt))))
        for ids, first in pieces:
            if len(ids) > first:
                self.samples.append((torch.tensor(ids), first))
        if not self.samples:
            raise Fault("No sample has two tokens or more: there is nothing to predict.")

    def measure(self, model, device, tick):
        """[summed loss], [tokens], [first choices] of each sample. Loss in nats, added up in float64."""
        torch = self.torch
        losses, counts, choices = [], [], []
        for ids, first in self.samples:
            logits = model(input_ids=ids[None].to(device)).logits[0]
            total, best = 0.0, []
            for at in range(first, len(ids), PIECE):
                end = min(len(ids), at + PIECE)
                part = logits[at - 1:end - 1].float()
                own = part.log_softmax(1).gather(1, ids[at:end, None].to(device))
                total -= own.double().sum().item()
                best.append(part.argmax(1).cpu())
            losses.append(total)
            counts.append(len(ids) - first)
            choices.append(torch.cat(best))
            tick()
        return {"loss": losses, "count": counts}, choices

    def agreement(self, choices, baseline):
        return [int((own == other).sum()) for own, other in zip(choices, baseline)]


class ClassifierTask:
    """Whether the class of each text is the labelled one."""

    unit = "sample"

    def __init__(self, torch, tokenizer, kind, data, config, window):
        if kind != "lines":
            raise Fault('A classifier needs labelled texts: JSON lines with {"text": "…", "label": …}.')
        self.torch = torch
        self.samples = []
        by_name = {str(name): int(index) for name, index in (config.label2id or {}).items()}
        for sample in data:
            label = sample.get("label")
            index = label if isinstance(label, int) else by_name.get(label)
            if index is None or not 0 <= index < config.num_labels:
                raise Fault(f"{sample['where']} has no label of this model: one of {', '.join(list(by_name)[:8])} is expected.")
            ids = tokenizer(sample["text"], truncation=True, max_length=window, verbose=False)["input_ids"]
            self.samples.append((torch.tensor(ids), index))

    def measure(self, model, device, tick):
        correct, choices = [], []
        for ids, label in self.samples:
            choice = model(input_ids=ids[None].to(device)).logits[0].argmax().cpu()
            correct.append(int(choice == label))
            choices.append(choice)
            tick()
        return {"correct": correct, "count": [1] * len(correct)}, choices

    def agreement(self, choices, baseline):
        return [int(own == other) for own, other in zip(choices, baseline)]
