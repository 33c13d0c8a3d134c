"""JSON of rows, which hold text and numbers, without the package `json`: that costs a small program's start."""

try:
    from _json import encode_basestring_ascii as quoted
except ImportError:
    from json import dumps as quoted


def row_of(values):
    """A row as compact JSON; a dictionary among its values goes the long way."""
    return "[" + ",".join(map(_json, values)) + "]"


def _json(value):
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        from json import dumps

        return dumps(value, separators=(",", ":"))
    return repr(value)
