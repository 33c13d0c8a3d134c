"""Which loops of a file train, evaluate or infer: the static rules. docs/tracer.md has them as a table.

A loop trains when its body reaches a call that computes gradients (B) or one that updates weights (S), directly or
through functions and methods of the same file. It is a loop of batches when it reaches one outside of every training
loop within it, and a loop of epochs otherwise.
"""

import ast
import re

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOPS = (ast.For, ast.While)

# Calls by the last name in them.
_GRADIENT_CALLS = {"backward", "manual_backward"}
_UPDATE_CALLS = {"apply_gradients", "apply_updates", "train_on_batch", "partial_fit"}
# `train_step(…)`, `self.training_step(…)`, `update_batch(…)`: both, wherever it is defined.
_STEP_FUNCTION = re.compile(r"^_?(train|training|update|optimi[sz]e)_?(one_|single_)?(step|batch|minibatch|iter|iteration)$")
_EPOCH_FUNCTION = re.compile(r"^_?(train|fit|run)_?(one_|single_|an_)?epoch$|^train_loop$|^training_loop$")
# The receiver of `.step(`, `.update(`, `.minimize(`: environments, schedulers and progress bars step, too.
_OPTIMIZER = re.compile(r"^(.*_)?(opt|optim\w*|optimi[sz]er\w*|scaler|adamw?|sgd|tx)s?(_\w+|[A-Z0-9]\w*)?$")
_NOT_A_TRAINER = re.compile(r"env|sched|^(lr|p?bar|progress|prof|profiler|logger|writer)$")
# What makes a function that computes gradients: `jax.grad(f)`, `nnx.value_and_grad(f)`; and what makes one faster.
_GRADIENT_MAKERS = {"grad", "value_and_grad", "filter_grad", "filter_value_and_grad"}
_WRAPPERS = {"jit", "pmap", "filter_jit", "filter_pmap", "partial", "compile"}
_TAPE = re.compile(r"tape", re.IGNORECASE)

_NO_GRADIENTS = {"no_grad", "inference_mode"}
_MODEL = re.compile(
    r"(^|_)(model|net|network|module|encoder|decoder|transformer|classifier|generator|discriminator|policy|actor|critic"
    r"|backbone|llm|gpt|bert|unet|vae|pipe|pipeline|forward|predict|generate|infer)(_|\d|$)|net$|model$|^self$",
    re.IGNORECASE,
)
_INFERENCE_CALLS = {"generate", "predict"}
_EVALUATION = re.compile(r"eval|valid|(^|_)(val|test|dev|score|accuracy|metrics?)(_|\d|$)|estimate_loss", re.IGNORECASE)
_OF_PARAMETERS = re.compile(r"^(named_)?(parameters|buffers|modules|children)$|^(param_groups|state_dict)$")

_DIRECTIVE = re.compile(rb"#\s*wattline:\s*(loop|ignore)\b([a-z ,]*)")
_KINDS, _LEVELS = ("training", "evaluation", "inference"), ("batch", "epoch")

_NOTHING, _GRADIENT, _UPDATE, _LOOPED = 0, 1, 2, 4
_DIRECT = _GRADIENT | _UPDATE


class FoundLoop:
    """A loop to report.

    Attributes:
        node: The `for` or `while`.
        kind: training, evaluation or inference.
        level: batch or epoch.
    """

    __slots__ = ("node", "kind", "level")

    def __init__(self, node, kind, level):
        self.node = node
        self.kind = kind
        self.level = level


def find_loops(tree, lines, named_line=None):
    """The loops of a parsed file that are to be reported.

    Args:
        tree: The module.
        lines: The file's lines as bytes, for comments `# wattline: loop`.
        named_line: The line of the loop that the editor named, from 1; reported whatever the rules say.
    Returns:
        FoundLoops, outer before inner.
    """
    return _Finder(tree, lines, named_line).found


class _Finder:
    def __init__(self, tree, lines, named_line):
        self.lines = lines
        self.named_line = named_line
        self.methods = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, _FUNCTIONS):
                        self.methods.setdefault(part.name, []).append(part)
        of_classes = {id(method) for methods in self.methods.values() for method in methods}
        self.functions = {}
        for node in ast.walk(tree):
            if isinstance(node, _FUNCTIONS) and id(node) not in of_classes:
                self.functions.setdefault(node.name, []).append(node)
        self.gradients, self.aliases = _made_functions(tree)
        self.reach = {}
        self.in_progress = set()
        self.training = {}
        self.found = []
        self._visit(tree, _Scope())

    # What a piece of code reaches.

    def _reached(self, nodes, own=()):
        """The effects of code that runs when `nodes` run; calls on the names in `own` do not count."""
        effects = _NOTHING
        for node in nodes:
            if isinstance(node, _FUNCTIONS + (ast.ClassDef, ast.Lambda)):
                continue
            if isinstance(node, _LOOPS):
                effects |= self._loop(node)
                # What stands in its header runs outside of its iterations.
                header = [node.iter] if isinstance(node, ast.For) else [node.test]
                effects |= self._reached(header + node.orelse, own)
                continue
            if isinstance(node, ast.Call):
                effects |= self._call(node, own)
            effects |= self._reached(ast.iter_child_nodes(node), own)
        return effects

    def _loop(self, node):
        """A loop's effects on what is around it; decides on the way whether it trains."""
        if node in self.training:
            return self.training[node][1]
        own = _names(node.target) if isinstance(node, ast.For) else frozenset()
        effects = self._reached(node.body, own)
        inner = self._inner_loops(node.body)
        if effects & _UPDATE:
            # A loop of micro-batches inside of an iteration: it computes gradients, the update comes after it.
            for loop in inner:
                trains, outward, alone = self.training[loop]
                if trains and not alone & (_UPDATE | _LOOPED):
                    self.training[loop] = (False, alone & _DIRECT, alone)
        trains = bool(effects)
        # `for opt in optimizers: opt.step()` trains nothing by itself, but is part of an iteration around it.
        outward = _LOOPED if trains else self._reached(node.body)
        self.training[node] = (trains, outward, effects)
        return outward

    def _inner_loops(self, body):
        for node in body:
            if isinstance(node, _FUNCTIONS + (ast.ClassDef, ast.Lambda)):
                continue
            if isinstance(node, _LOOPS):
                yield node
            else:
                yield from self._inner_loops(ast.iter_child_nodes(node))

    def _call(self, call, own):
        name, receiver, base = _call_names(call)
        if _makes_gradients(call.func) or (receiver is None and name in self.gradients):
            return _GRADIENT
        if receiver is None and name in self.aliases and name not in self.functions:
            name = self.aliases[name]
        if name is None or (base in own and receiver is not None):
            return _NOTHING
        effects = self._function(name, receiver)
        if name in _GRADIENT_CALLS and receiver is not None:
            effects |= _GRADIENT
        elif name == "gradient" and receiver is not None and _TAPE.search(receiver):
            effects |= _GRADIENT
        elif name in ("step", "update", "minimize") and receiver is not None and _OPTIMIZER.match(receiver):
            effects |= _UPDATE
        elif name in _UPDATE_CALLS:
            effects |= _UPDATE
        elif not effects and _STEP_FUNCTION.match(name):
            effects |= _DIRECT
        elif not effects and _EPOCH_FUNCTION.match(name):
            effects |= _LOOPED
        return effects

    def _function(self, name, receiver):
        """The effects of calling a function or method of this file by that name."""
        if receiver is None:
            known = self.functions
        elif _NOT_A_TRAINER.search(receiver) or (name == "train" and _MODEL.search(receiver)):
            return _NOTHING  # `env.step()`, `scheduler.step()`; `model.train()` sets a mode.
        else:
            known = self.methods
        effects = _NOTHING
        for function in known.get(name, ()):
            if function in self.in_progress:
                continue
            if function not in self.reach:
                self.in_progress.add(function)
                self.reach[function] = self._reached(function.body)
                self.in_progress.discard(function)
            effects |= self.reach[function]
        return effects

    # Which loops to report.

    def _visit(self, node, scope):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, _FUNCTIONS):
                self._visit(child, scope.function(child))
            elif isinstance(child, (ast.With, ast.AsyncWith)):
                self._visit(child, scope.with_block(child))
            elif isinstance(child, _LOOPS):
                self._visit(child, self._report(child, scope))
            else:
                self._visit(child, scope)

    def _report(self, node, scope):
        """Reports a loop or does not; the scope of its body."""
        self._loop(node)
        directive = self._directive(node)
        if directive == "ignore":
            return scope
        kind, level = self._classify(node, scope)
        if directive is not None:
            kind = next((word for word in directive if word in _KINDS), kind or "training")
            level = next((word for word in directive if word in _LEVELS), level or "batch")
        if kind is not None:
            self.found.append(FoundLoop(node, kind, level))
        return scope.inside_training() if kind == "training" else scope

    def _classify(self, node, scope):
        """Kind and level by the rules, or (None, None)."""
        trains, _, effects = self.training[node]
        if trains:
            return "training", "batch" if effects & _DIRECT else "epoch"
        inside = scope.with_no_gradients() if self._has_no_gradients(node.body) else scope
        if inside.no_gradients and self._runs_model(node):
            level = "batch" if self._runs_model_directly(node) else "epoch"
        elif any(_last_name(call.func) in _INFERENCE_CALLS for call in _method_calls(node.body)):
            level = "batch"
        else:
            return None, None
        return "evaluation" if self._evaluates(node, scope) else "inference", level

    def _directive(self, node):
        """What a comment on the loop's line, or alone on the line above, says: words, "ignore", or None."""
        if node.lineno == self.named_line:
            return []
        header = self.lines[node.lineno - 1 : max(node.lineno, node.body[0].lineno - 1)]
        above = self.lines[node.lineno - 2] if node.lineno > 1 else b""
        if above.lstrip().startswith(b"#"):
            header.append(above)
        for line in header:
            match = _DIRECTIVE.search(line)
            if match:
                words = match.group(2).decode().replace(",", " ").split()
                return "ignore" if match.group(1) == b"ignore" else words
        return None

    def _has_no_gradients(self, body):
        return any(
            isinstance(node, (ast.With, ast.AsyncWith)) and _turns_gradients_off(node)
            for statement in body
            for node in ast.walk(statement)
        )

    def _runs_model(self, node):
        if isinstance(node, ast.For) and any(_OF_PARAMETERS.match(name) for name in _all_names(node.iter)):
            return False
        return any(_MODEL.search(_last_name(call.func) or "") for call in _calls(node.body))

    def _runs_model_directly(self, node):
        inner = {id(part) for loop in self._inner_loops(node.body) for part in ast.walk(loop)}
        return any(
            id(call) not in inner and _MODEL.search(_last_name(call.func) or "") for call in _calls(node.body)
        )

    def _evaluates(self, node, scope):
        if scope.in_training_loop or _EVALUATION.search(scope.function_name):
            return True
        return isinstance(node, ast.For) and any(_EVALUATION.search(name) for name in _all_names(node.iter))


class _Scope:
    """What is around a loop."""

    def __init__(self, function_name="", no_gradients=False, in_training_loop=False):
        self.function_name = function_name
        self.no_gradients = no_gradients
        self.in_training_loop = in_training_loop

    def function(self, node):
        off = any(_last_name(getattr(d, "func", d)) in _NO_GRADIENTS for d in node.decorator_list)
        evaluates = any(
            _last_name(call.func) == "eval" and isinstance(call.func, ast.Attribute) and not call.args
            for call in _calls(node.body)
        )
        return _Scope(node.name, off or evaluates)

    def with_block(self, node):
        return self.with_no_gradients() if _turns_gradients_off(node) else self

    def with_no_gradients(self):
        return _Scope(self.function_name, True, self.in_training_loop)

    def inside_training(self):
        return _Scope(self.function_name, self.no_gradients, True)


def _made_functions(tree):
    """Names bound to functions that compute gradients, and other names of functions: `step = jax.jit(update)`."""
    gradients, aliases = set(), {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        value = node.value
        while isinstance(value, ast.Call) and _last_name(value.func) in _WRAPPERS and value.args:
            value = value.args[0]
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if _makes_gradients(value):
            gradients.update(names)
        elif isinstance(value, ast.Name):
            aliases.update((name, value.id) for name in names)
    return gradients, aliases


def _makes_gradients(node):
    """`jax.value_and_grad(loss_of)`, `nnx.grad(f)`; not `torch.autograd.grad(y, x)`, which gives gradients."""
    if not isinstance(node, ast.Call):
        return False
    maker = node.func
    if isinstance(maker, ast.Attribute) and _last_name(maker.value) == "autograd":
        return False
    name = maker.attr if isinstance(maker, ast.Attribute) else maker.id if isinstance(maker, ast.Name) else None
    return name in _GRADIENT_MAKERS


def _turns_gradients_off(node):
    return any(_last_name(getattr(item.context_expr, "func", item.context_expr)) in _NO_GRADIENTS for item in node.items)


def _calls(body):
    return (node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Call))


def _method_calls(body):
    return (call for call in _calls(body) if isinstance(call.func, ast.Attribute))


def _call_names(call):
    """Last name, the name it is called on (None: on nothing), and the first name of that."""
    name = _last_name(call.func)
    if not isinstance(call.func, ast.Attribute):
        return name, None, None
    receiver = call.func.value
    return name, _last_name(receiver) or "", _first_name(receiver)


def _last_name(node):
    """`optimizer` of `self.optimizer`, of `optimizers[0]`, of `optimizers()`."""
    while isinstance(node, (ast.Subscript, ast.Call)):
        node = node.value if isinstance(node, ast.Subscript) else node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _first_name(node):
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _names(target):
    return frozenset(node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _all_names(node):
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
