"""JSON of rows, which hold text and numbers, without the package `json`: that costs a small program's start."""

try:
    from _json import encode_basestring_ascii as quoted
except ImportError:
    from json import dumps as quoted


def row_of(values):
    """A row as compact JSON."""
    return "[" + ",".join(quoted(value) if isinstance(value, str) else repr(value) for value in values) + "]"
