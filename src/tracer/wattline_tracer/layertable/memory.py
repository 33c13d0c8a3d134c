"""Bytes of parameters, gradients, optimizer state and activations, taken in the iteration that counts operations.

Activations are what operations of the forward pass made and somebody still holds when the backward begins: saved for
it, or kept by the program. A lower bound where code outside of modules, or of `torch.compile`, makes some.
"""

from .counting import size_of, tensors_in


class Memory:
    """What is known so far, by the names of the trace's counters."""

    def __init__(self, tracer):
        self.tracer = tracer
        self.bytes = {}
        self.states = {}

    def before_backward(self, sampler):
        if sampler.compiled:
            return
        storages = {t.untyped_storage()._cdata for root in self.roots(sampler) for t in kept_by(root)}
        self.at_least("activation_bytes", sampler.mode.alive_bytes(storages))

    def after_backward(self, sampler):
        parameters = self.parameters(sampler)
        self.at_least("gradient_bytes", sum(size_of(p.grad) for p in parameters if p.grad is not None))

    def stepped(self, optimizer, tensor):
        """An optimizer has made a step."""
        states = tensors_in(list(optimizer.state.values()), tensor, 5)
        self.states[id(optimizer)] = sum(map(size_of, states))

    def at_least(self, name, value):
        self.bytes[name] = max(value, self.bytes.get(name, 0))

    def tell(self, sampler):
        """Writes the counters."""
        parameters = self.parameters(sampler)
        count = self.tracer.writer.count
        if parameters:
            self.bytes["parameter_bytes"] = sum(map(size_of, parameters))
            if "parameters" not in self.tracer.writer.counters:
                count("parameters", sum(p.numel() for p in parameters))
        if self.states:
            self.bytes["optimizer_state_bytes"] = sum(self.states.values())
        for name, value in self.bytes.items():
            if value:
                count(name, value)

    def roots(self, sampler):
        found = (reference() for reference in sampler.roots.values())
        return [module for module in found if module is not None]

    def parameters(self, sampler):
        """Each parameter of the modules that were called, once."""
        return list({id(p): p for root in self.roots(sampler) for p in root.parameters()}.values())


def kept_by(module):
    yield from module.parameters()
    yield from module.buffers()
