"""Training loops that neither the rules nor a framework's hooks find: told by who asks a `DataLoader` for its batches.

A library that the tracer does not know holds the loop, or the program's own says `engine.run(batch)`. Where weights
were updated between two batches of one iterator, and no loop is open that would count them, that is a training loop:
reported at the innermost line of the user's program, from its second iteration on (in later epochs from the first).
"""

import weakref

from .steps import Steps


class UnknownLoops:
    """At most one at a time: the iterator that was asked last, and the loop around it once it is one."""

    def __init__(self, tracer):
        self.tracer = tracer
        self.iterator = None  # A weak reference: an iterator's death stops its workers.
        self.steps = None
        self.updates = 0
        self.yielded = 0
        self.known = set()  # Loops that have trained.

    def asked(self, iterator, frame, now):
        """A batch is asked for; `frame` is who asks."""
        stack = self.tracer.recorder.stack
        steps = self.steps
        if steps is not None and not (stack and stack[-1] is steps):
            return  # A loop of another kind is open within it, which this batch belongs to.
        if self.iterator is None or self.iterator() is not iterator:
            self.close()
            if stack and stack[-1].loop.level != "epoch":
                return
            self.iterator = weakref.ref(iterator, self.died)
            self.updates = self.tracer.recorder.updates
            self.begin(frame, only_known=True)
        elif steps is None and self.tracer.recorder.updates > self.updates and not self.counted(stack):
            self.begin(frame, only_known=False)
        if self.steps is not None:
            if self.steps.empty:
                self.steps.got(now)  # Spans of this iteration are left out, and with them how its wait ended.
            self.yielded = iterator._num_yielded
            self.steps.ask(now, data=False)  # The loader's own hook sees the wait.

    @staticmethod
    def counted(stack):
        return bool(stack) and stack[-1].loop.level != "epoch"

    def begin(self, frame, only_known):
        steps = Steps(self.tracer, frame, "training")
        if not only_known:
            self.known.add(steps.loop)
        if steps.loop in self.known:
            self.steps = steps

    def arrived(self, now):
        """The wait for a batch is over: there is one, or there are no more."""
        iterator = self.iterator() if self.iterator is not None and self.steps is not None else None
        if iterator is None or not self.steps.empty:
            return
        if iterator._num_yielded > self.yielded:
            self.steps.got(now)
        else:
            self.close()

    def died(self, iterator):
        try:
            if iterator is self.iterator:
                self.close()
        except Exception:
            pass  # Python would print it to the user's stderr.

    def close(self):
        steps, self.steps, self.iterator = self.steps, None, None
        if steps is not None:
            steps.close()
