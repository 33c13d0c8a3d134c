"""Rewrites the loops that the rules find, so that they report their iterations. Lines and columns stay the user's.

    for x in LOADER:      →  for x in DOOR.get(("for", …), iter)(LOADER):
    while test:           →  try: while test: DOOR.get(("while", …), bool)(); …
        …                     finally: DOOR.get(("left", …), bool)()
    step(x)               →  DOOR.get(("call",), max)((step,))(x)      in files that use JAX (see jitted.py)

DOOR is found through `builtins`, by an expression that stands on no name of the user's and needs nothing of ours: code
that is pickled by value and run where there is no tracer finds an empty dictionary there, and so its defaults.
"""

import ast
import os
import sys

from .rules import find_loops


def rewrite(data, path, named, main):
    """Compiles a file with its loops rewritten.

    Args:
        data: Its bytes.
        path: Absolute; what tracebacks show.
        named: (real path, line) of the loop that the editor named, or None.
        main: Whether to begin with the call that puts the main script's module right.
    Returns:
        Code. (Where no loop was found too: it was parsed already, and its warnings were printed.)
    Raises:
        SyntaxError, ValueError: As `compile` does.
    """
    tree = compile(data, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    line = named[1] if named is not None and os.path.realpath(path) == named[0] else None
    found = {loop.node: loop for loop in find_loops(tree, data.splitlines(), line)}
    if found:
        calls = _compiled_calls(tree, found) if b"jax" in data or b"nnx" in data else ()
        _Rewriter(path, found).visit(tree)
        for call in calls:
            called = ast.Tuple(elts=[call.func], ctx=ast.Load())
            call.func = _placed(ast.Call(func=_door(("call",), "max"), args=[called], keywords=[]), call.func)
    if main:
        _prepare(tree)
    return compile(tree, path, "exec", dont_inherit=True)


def _compiled_calls(tree, found):
    from .jitted import compiled_calls

    return compiled_calls(tree, found)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, path, found):
        self.path = path
        self.found = found

    def visit_For(self, node):
        self.generic_visit(node)
        loop = self.found.get(node)
        if loop is not None:
            call = ast.Call(func=_door(self._key("for", loop), "iter"), args=[node.iter], keywords=[])
            # Where Python points when a thing cannot be iterated: 3.11 and 3.12 at the statement.
            ast.copy_location(call, node if (3, 11) <= sys.version_info < (3, 13) else node.iter)
            node.iter = _placed(call, node.iter)
        return node

    def visit_While(self, node):
        self.generic_visit(node)
        loop = self.found.get(node)
        if loop is None:
            return node
        tick = _statement(_door(self._key("while", loop), "bool"), node.body[0])
        left = _statement(_door(self._key("left", loop), "bool"), node)
        node.body.insert(0, tick)
        return _placed(ast.Try(body=[node], handlers=[], orelse=[], finalbody=[left]), node)

    def _key(self, what, loop):
        node = loop.node
        return (what, self.path, node.lineno, node.end_lineno, loop.kind, loop.level)


def _prepare(tree):
    """Puts the call after the docstring and the `from __future__` lines, where a first statement may stand."""
    place = 0
    body = tree.body
    if not body:
        return
    if ast.get_docstring(tree, clean=False) is not None:
        place = 1
    while place < len(body) and isinstance(body[place], ast.ImportFrom) and body[place].module == "__future__":
        place += 1
    first = body[place] if place < len(body) else body[-1]
    body.insert(place, _statement(_door(("main",), "bool"), first))


def _door(key, default):
    """`__import__("builtins").__dict__.get("_wattline", {}).get(key, __import__("builtins").default)`"""
    attributes = ast.Attribute(value=_builtins(), attr="__dict__", ctx=ast.Load())
    door = _method(attributes, "get", ast.Constant(value="_wattline"), ast.Dict(keys=[], values=[]))
    return _method(door, "get", ast.Constant(value=key), ast.Attribute(value=_builtins(), attr=default, ctx=ast.Load()))


def _builtins():
    name = ast.Name(id="__import__", ctx=ast.Load())
    return ast.Call(func=name, args=[ast.Constant(value="builtins")], keywords=[])


def _method(value, name, *args):
    return ast.Call(func=ast.Attribute(value=value, attr=name, ctx=ast.Load()), args=list(args), keywords=[])


def _statement(function, place):
    return _placed(ast.Expr(value=ast.Call(func=function, args=[], keywords=[])), place)


def _placed(node, place):
    """Gives the new nodes the place of an old one; the old ones inside keep theirs."""
    for part in ast.walk(node):
        if "lineno" in part._attributes and not hasattr(part, "lineno"):
            ast.copy_location(part, place)
    return node
