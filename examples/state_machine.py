"""The Python twin of state_machine.rs: it prints the same lines.

Run it with `python3 examples/state_machine.py`; add `--help` for its parts.
"""

from support import run, run_main


class Boil:
    """A kettle that is not hot yet for some steps."""

    def __init__(self, what, left):
        self.what, self.left = what, left

    def __await__(self):
        for _ in range(self.left):
            print(f"  {self.what} is not hot yet")
            yield
        print(f"  {self.what} boils")
        return self.what


def drive(awaitable):
    steps = awaitable.__await__()
    while True:
        print("poll")
        try:
            steps.send(None)
        except StopIteration as stop:
            return stop.value


async def brew(patience):
    water = await Boil("water", patience)
    milk = await Boil("milk", 1)
    return f"{water} and {milk}"


class Brew:
    """What `async def` makes of `brew`, written by hand: an iterator that knows where it has stopped."""

    def __init__(self, patience):
        self.patience = patience
        self.state = "start"

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return self.send(None)

    def send(self, value):
        while True:
            try:
                if self.state == "start":
                    self.boiling = Boil("water", self.patience).__await__()
                    self.state = "water"
                return self.boiling.send(value)
            except StopIteration as stop:
                if self.state == "water":
                    self.water = stop.value
                    self.boiling = Boil("milk", 1).__await__()
                    self.state = "milk"
                else:
                    both = f"{self.water} and {stop.value}"
                    break
        self.state = "done"
        raise StopIteration(both)


async def on_the_loop():
    print(await brew(2))
    print(await Brew(2))


async def brew_on_the_stove():
    print("the stove is on")
    try:
        print(await brew(2))
    finally:
        print("the stove is off")


def dropped():
    brewing = brew_on_the_stove()
    brewing.send(None)
    print("done: false")
    brewing.close()
    print("the end")


class Folder:
    def __init__(self, files, inside=()):
        self.files = files
        self.inside = inside


async def count(folder):
    files = folder.files
    for inner in folder.inside:
        files += await count(inner)
    return files


def folders():
    tree = Folder(2, [Folder(3), Folder(0, [Folder(4)])])
    print(drive(count(tree)), "files")


async def ready():
    return "ready at once"


def different():
    for awaitable in [ready(), Brew(2)]:
        print(drive(awaitable))


run(
    "State machines: what the compiler makes of an async fn, built by hand.",
    [
        ("leaf", "a future that is asked until it is ready", lambda loop: print(drive(Boil("water", 2)))),
        ("async_fn", "one poll goes as far as it can", lambda loop: print(drive(brew(2)))),
        ("by_hand", "the same coroutine as a state machine of our own", lambda loop: print(drive(Brew(2)))),
        ("on_the_loop", "a loop awaits both, and cannot tell them apart", lambda loop: run_main(loop, on_the_loop())),
        ("dropped", "what is dropped in the middle does not go on", lambda loop: dropped()),
        ("folders", "a coroutine that calls itself", lambda loop: folders()),
        ("different", "futures of different types in one list", lambda loop: different()),
    ],
)
