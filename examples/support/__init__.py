"""What the Python twins share: their arguments and their clock."""

import argparse
import asyncio

from virtual_clock import VirtualClockLoop


class RealClockLoop(asyncio.SelectorEventLoop):
    """A loop whose clock starts at zero, as it does in Rust; asyncio's own counts from some moment in the past."""

    def __init__(self):
        self._started = 0.0
        super().__init__()
        self._started = super().time()

    def time(self):
        return super().time() - self._started


def run(about, parts):
    """Runs the parts (name, about, function of a loop) that the command line names, or all of them."""
    names = [name for name, _, _ in parts]
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("part", nargs="*", help="one of: " + ", ".join(names))
    parser.add_argument("--real", action="store_true", help="wait in real time instead of virtual time")
    arguments = parser.parse_args()
    for name in arguments.part:
        if name not in names:
            parser.error(f"there is no part called {name!r}")
    for name, about_part, function in parts:
        if arguments.part and name not in arguments.part:
            continue
        print(f"== {name}: {about_part}")
        loop = RealClockLoop() if arguments.real else VirtualClockLoop()
        asyncio.set_event_loop(loop)
        try:
            function(loop)
        finally:
            asyncio.set_event_loop(None)
            if not loop.is_closed():
                loop.close()


def run_main(loop, main):
    """Runs a whole program on the loop, as asyncio.run does on a new one."""
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main)


def seconds(time):
    """Writes a time of the loop's clock in seconds, as the Rust example does."""
    return f"{time:.1f} s"
