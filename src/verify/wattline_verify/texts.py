"""The user's texts, as samples: what a line of JSON or a piece of a plain text gives the model to read."""

import json

from .fault import Fault

MOST_BYTES = 64_000_000
MOST_LINE = 4_000_000


def read_samples(path, count):
    """At most `count` samples, evenly spread over the file.

    Returns:
        ("text", the whole text) of a plain file; ("lines", list of {"text", "prompt"?, "label"?}) of JSON lines.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Fault(f"{path} cannot be read: {error.strerror}.") from None
    if len(raw) > MOST_BYTES:
        raise Fault(f"{path} has more than {MOST_BYTES // 1_000_000} MB: take a part of it.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault(f"{path} is not UTF-8: byte {error.start} is no part of a character.") from None
    if not text.strip():
        raise Fault(f"{path} has no text.")
    if not path.lower().endswith((".jsonl", ".ndjson")):
        return "text", text
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    return "lines", [sample_of(path, number, line) for number, line in spread(numbered, count)]


def spread(items, count):
    """`count` of the items, evenly over all of them."""
    return items if len(items) <= count else [items[index * len(items) // count] for index in range(count)]


def sample_of(path, number, line):
    where = f"{path}, line {number}"
    if len(line) > MOST_LINE:
        raise Fault(f"{where} has more than {MOST_LINE // 1_000_000} million characters.")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise Fault(f"{where} is not JSON.") from None
    if isinstance(row, str):
        row = {"text": row}
    if not isinstance(row, dict):
        raise Fault(f'{where} is no object and no text: {{"text": "…"}} is expected.')
    prompt = word(row, "prompt", "instruction", "question")
    answer = word(row, "completion", "response", "output", "answer")
    text = word(row, "text", "content", "sentence") or ((prompt or "") + answer if answer else prompt)
    if text is None:
        raise Fault(f"{where} has no text: a field text, or prompt and completion, is expected.")
    sample = {"text": text, "where": where}
    if prompt is not None and answer is not None and text == prompt + answer:
        sample["prompt"] = prompt
    if isinstance(row.get("label"), (int, str)):
        sample["label"] = row["label"]
    return sample


def word(row, *names):
    return next((row[name] for name in names if isinstance(row.get(name), str) and row[name]), None)
