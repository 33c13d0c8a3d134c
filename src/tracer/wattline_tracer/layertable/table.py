"""From calls to rows: what one call of a layer computes, as counted, and what the layer took in each timed iteration."""

from .memory import Memory


class Done:
    """What calls of one layer with one shape computed, together.

    Attributes:
        calls: Forward calls.
        forward, backward: [FLOPs or None, bytes read, bytes written].
        dtype: Of the factors of its products, else of its input.
        outputs: Elements of the first output of a call.
    """

    __slots__ = ("calls", "forward", "backward", "dtype", "outputs")

    def __init__(self):
        self.calls = 0
        self.forward = [0, 0, 0]
        self.backward = [0, 0, 0]
        self.dtype = ""
        self.outputs = 0


class Table:
    """Collects what was counted, and writes rows."""

    def __init__(self, tracer, births):
        self.tracer = tracer
        self.births = births
        self.memory = Memory(tracer)
        self.told = 0
        self.several_roots = False

    # The iteration in which operations were counted.

    def count(self, sampler):
        products = sampler.outside.product_flops
        for call in sampler.calls:
            layer = call.layer
            done = layer.done.get(call.key)
            if done is None:
                done = layer.done[call.key] = Done()
            if call.passing == "forward":
                done.calls += 1
                done.outputs = elements(call.shapes[1])
                add(done.forward, call.work)
                add(done.backward, call.back)
            else:
                add(done.backward, call.work)  # Activations that are computed again.
            done.dtype = call.work.dtype or done.dtype or call.dtype
            layer.own_work = layer.own_work or call.work.read_bytes + call.work.written_bytes > 0
            if layer.attention is None:
                layer.attention = attention_of(call.work)
            products += call.work.product_flops + call.back.product_flops
        names = {layer.root for layer in sampler.layers.values() if layer.name}
        self.several_roots = len(names) > 1
        if sampler.calls and not sampler.compiled:
            self.tracer.writer.count("flops_per_iteration", products)
        self.memory.tell(sampler)

    # Iterations that were timed.

    def time(self, running, calls, spent):
        """Writes an iteration's rows.

        Args:
            running: The loop's pass; its number was the iteration's when it was sampled.
            calls: In the order in which they began.
            spent: Nanoseconds of each call and of each node's work, what is inside of it left out.
        """
        rows = {}
        for call in calls:
            layer = call.layer
            if layer.module() is None or (layer.calls_others and not layer.own_work):
                continue
            passing = call.passing
            row = rows.setdefault((layer, passing), Row(call))
            row.nanoseconds += spent.pop(call, 0)
            if passing == "forward":
                row.add(call, passing)
                if call.went_back:
                    rows.setdefault((layer, "backward"), Row(call)).add(call, "backward")
        for call, nanoseconds in spent.items():
            row = rows.get((call.layer, call.passing))
            if row is not None:
                row.nanoseconds += nanoseconds
        for (layer, passing), row in rows.items():
            if row.calls:
                self.tell(layer)
                self.tracer.writer.add(row.values(layer, passing, running))

    def tell(self, layer):
        if layer.id < 0:
            layer.id = self.told
            self.told += 1
            made_at = self.births.of(layer.module()) if self.births is not None else None
            self.tracer.writer.add(layer.row(made_at, self.several_roots))


class Row:
    """A layer in one pass of one iteration."""

    __slots__ = ("calls", "nanoseconds", "flops", "inputs", "outputs", "dtype", "shapes")

    def __init__(self, call):
        self.calls = self.nanoseconds = self.flops = self.inputs = self.outputs = 0
        self.dtype = call.dtype
        self.shapes = call.shapes

    def add(self, call, passing):
        """One call's share; its time comes apart."""
        self.calls += 1
        layer = call.layer
        done, scale = like(layer, call)
        if done is not None:
            self.dtype = done.dtype
        flops, read, written = share(done, passing)
        self.flops = None if flops is None or scale is None or self.flops is None else self.flops + flops * scale
        if not layer.calls_others:
            read, written = own_bytes(call, passing)
        elif scale is None:
            read = written = 0
        self.inputs += read
        self.outputs += written

    def values(self, layer, passing, running):
        flops = -1 if self.flops is None else round(self.flops)
        return [
            "y", layer.id, passing, running.number, self.calls, round(self.nanoseconds * 1e-9, 9), flops,
            round(self.inputs), round(self.outputs), self.dtype, list(self.shapes[0]), list(self.shapes[1]),
            running.loop.id,
        ]  # fmt: skip


def like(layer, call):
    """What was counted for such a call, and by what it is multiplied: a layer without others inside does for each
    element of its output the same, whatever their number. (None, None) where nothing like it was counted."""
    done = layer.done.get(call.key)
    if done is not None:
        return done, 1
    if layer.calls_others:
        return None, None
    for (shape, *mode), known in layer.done.items():
        same = len(shape) == len(call.key[0]) and tuple(mode) == call.key[1:]
        if same and known.outputs:
            return known, elements(call.shapes[1]) / known.outputs
    return None, None


def share(done, passing):
    """(FLOPs, bytes read, bytes written) of one call."""
    if done is None or not done.calls:
        return None, 0, 0
    flops, read, written = done.forward if passing == "forward" else done.backward
    return None if flops is None else flops / done.calls, read / done.calls, written / done.calls


def own_bytes(call, passing):
    """Bytes of activations that a layer must move: it reads its inputs and writes its outputs; its backward reads the
    gradient of the output (once for the input's gradient, once for the weights') and the input, and writes the input's
    gradient, unless nobody asks for it: that of the first layer."""
    if passing == "forward":
        return call.inputs, call.outputs
    has_weights = next(call.layer.module().parameters(), None) is not None
    reads = int(has_weights) + int(call.wants_gradient)
    return reads * call.outputs + call.inputs, call.inputs if call.wants_gradient else 0


def add(totals, work):
    flops = totals[0]
    totals[0] = None if flops is None or work.flops is None else flops + work.flops
    totals[1] += work.read_bytes
    totals[2] += work.written_bytes


def attention_of(work):
    """Attributes of attention among a layer's own operations, or None."""
    if work.attention:
        query, key = work.attention
        if len(query) == 4 and len(key) == 4:
            return {
                "heads": query[1], "kvHeads": key[1], "queries": query[2], "keys": key[2], "headSize": query[3],
                "fused": 1,
            }  # fmt: skip
        return {"fused": 1}
    return {"fused": 0} if work.explicit_attention else None


def elements(shape):
    count = 1
    for size in shape:
        count *= size
    return count
