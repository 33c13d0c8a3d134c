"""Where a file calls functions that JAX compiled: by name, from the source alone.

What `jax.jit` gives is C code that cannot be watched, so the call itself is rewritten. Whether the name stands for a
compiled function is asked when it is called: here it only has to be likely.
"""

import ast
import re

_COMPILERS = {"jit", "pmap", "filter_jit", "filter_pmap", "nnx_jit"}
# In a reported loop, functions of other files with such a name may be compiled ones.
_STEP = re.compile(r"(^|_)(step|update|train|eval|loss|predict|forward|apply)(_(fn|step|batch|func))?$", re.IGNORECASE)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def compiled_calls(tree, loops):
    """The calls, as nodes, that may be of compiled functions.

    Args:
        tree: The module.
        loops: The nodes of its reported loops.
    """
    names = _compiled_names(tree)
    likely = {id(call) for loop in loops for call in ast.walk(loop) if isinstance(call, ast.Call) and _is_step(call)}
    return [
        call
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and (_called(call) in names or id(call) in likely)
    ]


def _is_step(call):
    name = _called(call)
    return name is not None and _STEP.search(name) is not None


def _called(call):
    return _name(call.func)


def _name(node):
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _compiled_names(tree):
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS) and any(_compiles(part) for part in node.decorator_list):
            names.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _compiles(node.value.func):
            names.update(_name(target) for target in node.targets)
    names.discard(None)
    return names


def _compiles(node):
    """`jax.jit`, `jit(…)`, `partial(jax.jit, …)`."""
    if isinstance(node, ast.Call):
        if _name(node.func) == "partial" and node.args:
            return _compiles(node.args[0])
        node = node.func
    return _name(node) in _COMPILERS
