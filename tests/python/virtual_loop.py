"""The loop that the cases and the random programs run on: the clock jumps instead of waiting.

There may be no sockets, as in Pyodide. Then the loop has nothing but its ready queue and its timers, which is all that it needs here.
"""

import asyncio
import sys

HAS_SOCKETS = sys.platform != "emscripten"


def leave_other_loops():
    """Pyodide runs a loop of its own, the browser's; a program that ends in the middle may leave another one."""
    asyncio._set_running_loop(None)


class NoSelector:
    def select(self, timeout=None):
        return []

    def close(self):
        pass


class LoopWithoutSockets(asyncio.base_events.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self._selector = NoSelector()

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass


class VirtualSelector:
    """Jumps to the next timer instead of waiting for it."""

    def __init__(self, loop, real):
        self.loop = loop
        self.real = real

    def __getattr__(self, name):
        return getattr(self.real, name)

    def select(self, timeout=None):
        if timeout is None:
            return self.loop.wait_for_ever(self.real)
        events = self.real.select(0)
        if not events and timeout > 0:
            self.loop.now += timeout
            self.loop.jumps.append(timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop if HAS_SOCKETS else LoopWithoutSockets):
    """Its time moves only when nothing is ready."""

    def __init__(self):
        self.now = 0.0
        self.jumps = []
        super().__init__()
        self._selector = VirtualSelector(self, self._selector)

    def time(self):
        return self.now

    def wait_for_ever(self, selector):
        """Is called when nothing is ready and no timer is set."""
        return selector.select(None)
