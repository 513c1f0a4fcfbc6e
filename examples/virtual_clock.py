"""An asyncio event loop on simulated time: when nothing is ready, the clock jumps to the next deadline."""

import asyncio


class _Jump:
    """Stands before the selector: where the loop would sleep, it moves the clock instead."""

    def __init__(self, loop, selector):
        self._loop = loop
        self._selector = selector

    def __getattr__(self, name):
        return getattr(self._selector, name)

    # ANCHOR: select
    def select(self, timeout=None):
        if timeout is None:
            return self._selector.select(None)
        events = self._selector.select(0)
        if not events and timeout > 0:
            self._loop._now += timeout
        return events
    # ANCHOR_END: select


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """A loop that needs no real time for its timers."""

    def __init__(self):
        self._now = 0.0
        super().__init__()
        self._selector = _Jump(self, self._selector)

    def time(self):
        return self._now


def run(main):
    """Runs a coroutine as asyncio.run does, on simulated time."""
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(main)
