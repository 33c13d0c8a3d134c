"""The backward pass of a sampled iteration, by hooks on the nodes of its graph.

A node's hooks are called just before and after it computes. They look at nothing and return nothing, so gradients are
what they were. Nodes of other iterations, of code that no layer called, and of checkpoints' own graphs have none.
"""

_NO_NUMBER = 2**64 - 1


class Backward:
    """Hooks of one iteration.

    Attributes:
        going_on: Whether a backward is.
    """

    def __init__(self, sampler):
        self.sampler = sampler
        self.going_on = 0
        self.mode = False
        self.handles = []
        self.nodes = {}
        self.parameters = None

    def begin(self, roots):
        """`backward` of these tensors is called."""
        sampler = self.sampler
        if sampler.marks is None or not sampler.calls:
            return
        self.hook([root.grad_fn for root in roots if getattr(root, "grad_fn", None) is not None])
        if sampler.mode is not None:
            if not self.going_on:
                sampler.table.memory.before_backward(sampler)
            if not sampler.mode_depth and not sampler.compiled:
                sampler.enter_mode()
                self.mode = True
        self.going_on += 1

    def end(self):
        """It is over, by whatever way."""
        sampler = self.sampler
        if not self.going_on:
            return
        self.going_on -= 1
        if self.going_on:
            return
        if self.mode:
            self.mode = False
            sampler.leave_mode()
        sampler.stack.clear()
        if sampler.mode is not None:
            sampler.table.memory.after_backward(sampler)

    def hook(self, roots):
        sampler = self.sampler
        queue = list(roots)
        nodes = self.nodes
        while queue:
            node = queue.pop()
            if node in nodes:
                continue
            # They are held until the iteration ends: the hooks need them to be what they were.
            nodes[node] = None
            queue.extend(following for following, _ in node.next_functions if following is not None)
            if "CompiledFunction" in type(node).__name__:
                sampler.compiled = True
            number = node._sequence_nr() if hasattr(node, "_sequence_nr") else None
            if number is None:
                continue
            call = self.of_parameter(node) if number == _NO_NUMBER else sampler.owner(number)
            if call is not None and hasattr(node, "register_prehook"):
                self.watch(node, call)

    def of_parameter(self, node):
        """Adding to a parameter's gradient is the work of the first layer that has it."""
        if self.parameters is None:
            self.parameters = {}
            for call in self.sampler.calls:
                module = call.layer.module()
                for parameter in module._parameters.values() if module is not None else ():
                    self.parameters.setdefault(id(parameter), call)
        return self.parameters.get(id(getattr(node, "variable", None)))

    def watch(self, node, forward):
        sampler = self.sampler
        call = type(forward)(forward.layer, forward.key, "backward", forward)

        def before(grads):
            if sampler.active:
                try:
                    sampler.close()
                    forward.went_back = True
                    sampler.stack.append(call)
                    sampler.since = sampler.marks.now()
                except Exception as error:
                    sampler.fail(error)

        def after(inputs, outputs):
            if sampler.active:
                try:
                    sampler.close()
                    stack = sampler.stack
                    while stack and stack.pop() is not call:
                        pass
                    sampler.since = sampler.marks.now()
                except Exception as error:
                    sampler.fail(error)

        self.handles.append(node.register_prehook(before))
        self.handles.append(node.register_hook(after))

    def remove(self):
        for handle in self.handles:
            handle.remove()
        self.handles = []
        self.nodes = {}
