"""The Python twin of resources.rs: it prints the same lines.

Run it with `python3 examples/resources.py`; add `--help` for its parts and for real time.
"""

import asyncio
from contextlib import asynccontextmanager, contextmanager

from support import run, run_main, seconds


def now():
    return seconds(asyncio.get_running_loop().time())


def truth(value):
    return str(value).lower()


class Server:
    """The other side: counts what is open, and notes how the last connection ended."""

    def __init__(self):
        self.open = 0
        self.heard = ""


class Connection:
    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.is_open = False

    async def connect(self):
        await asyncio.sleep(1)
        self.is_open = True
        self.server.open += 1
        print(f"{self.name}: connected at {now()}")

    async def ask(self, question):
        await asyncio.sleep(1)
        if question == "panic":
            raise SystemExit("no question")
        if not question:
            raise ValueError("no question")
        return 42

    async def close(self):
        await asyncio.sleep(1)
        print(f"{self.name}: closed at {now()}")
        self.end("a goodbye")

    def end(self, last_words):
        if self.is_open:
            self.is_open = False
            self.server.open -= 1
            self.server.heard = last_words

    async def __aenter__(self):
        await self.connect()
        return self

    async def __aexit__(self, kind, error, traceback):
        await self.close()


async def with_():
    server = Server()
    async with Connection(server, "anna") as connection:
        print(await connection.ask("life"))
    print(f"open {server.open} after {server.heard}")


async def with_an_error():
    server = Server()
    try:
        async with Connection(server, "anna") as connection:
            print(await connection.ask(""))
    except ValueError as error:
        print(f"{error} at {now()}")
    print(f"open {server.open} after {server.heard}")


async def order():
    server = Server()
    async with Connection(server, "anna"), Connection(server, "ben") as connection:
        print(await connection.ask("life"))


async def visit(name, lock):
    async with lock:
        print(f"{name} enters at {now()}")
        await asyncio.sleep(1)
        if name == "anna":
            raise RuntimeError("anna stumbles")
        print(f"{name} leaves at {now()}")


async def lock():
    lock = asyncio.Lock()
    visits = [asyncio.create_task(visit(name, lock)) for name in ["anna", "ben", "carla", "dora"]]
    await asyncio.sleep(2.5)
    print(f"locked: {truth(lock.locked())}")
    visits[2].cancel()
    for outcome in await asyncio.gather(*visits, return_exceptions=True):
        if outcome is None:
            print("well")
        elif isinstance(outcome, asyncio.CancelledError):
            print("cancelled")
        else:
            print(outcome)
    print(f"locked: {truth(lock.locked())}")


async def sit(name, seats):
    async with seats:
        print(f"{name} sits at {now()}")
        await asyncio.sleep(1)


async def semaphore():
    seats = asyncio.Semaphore(2)
    await asyncio.gather(*(sit(name, seats) for name in ["anna", "ben", "carla"]))
    print(f"all taken: {truth(seats.locked())}")


async def limit():
    server = Server()
    try:
        async with asyncio.timeout(3):
            async with Connection(server, "anna"):
                await asyncio.sleep(10)
    except TimeoutError:
        print(f"timed out at {now()}")
    print(f"open {server.open} after {server.heard}")


async def say_goodbye():
    await asyncio.sleep(1)
    print(f"goodbye at {now()}")


async def work(shielded):
    try:
        await asyncio.sleep(10)
    finally:
        await (asyncio.shield(say_goodbye()) if shielded else say_goodbye())


async def cancelled_twice():
    for shielded in [False, True]:
        task = asyncio.create_task(work(shielded))
        for _ in range(2):
            await asyncio.sleep(0.5)
            task.cancel()
        await asyncio.wait([task])
        print(f"shielded {truth(shielded)}: ended at {now()}")
        await asyncio.sleep(1)


@contextmanager
def dropped(connection):
    """Does what Drop does in Rust, where every value has it."""
    try:
        yield connection
    finally:
        connection.end("a hang-up")


@contextmanager
def leased(connection, closer):
    """Hands the connection to the closer at the end of the block."""
    try:
        yield connection
    finally:
        closer.put_nowait(connection)


@asynccontextmanager
async def scope(server, name):
    connection = Connection(server, name)
    await connection.connect()
    try:
        yield connection
    finally:
        await connection.close()


async def close_all(queue):
    while True:
        connection = await queue.get()
        await connection.close()
        queue.task_done()


async def use_connection(way, question, server, closer):
    match way:
        case "explicit":
            with dropped(Connection(server, way)) as connection:
                await connection.connect()
                await connection.ask(question)
                await connection.close()
        case "scope":
            async with scope(server, way) as connection:
                await connection.ask(question)
        case _:
            connection = Connection(server, way)
            await connection.connect()
            with leased(connection, closer):
                await connection.ask(question)


ENDINGS = [("normal end", "life"), ("error", ""), ("panic", "panic"), ("cancellation", "life")]


def ways(loop):
    """SystemExit is an exception that leaves the loop, as a panic does."""
    server = Server()
    queue = asyncio.Queue()
    closer = loop.create_task(close_all(queue))
    for way in ["explicit", "scope", "clean-up task"]:
        for ending, question in ENDINGS:
            user = loop.create_task(use_connection(way, question, server, queue))
            loop.run_until_complete(asyncio.sleep(1.5))
            opened = server.open
            if ending == "cancellation":
                user.cancel()
            try:
                loop.run_until_complete(user)
            except (ValueError, SystemExit, asyncio.CancelledError):
                user.cancelled() or user.exception()
            loop.run_until_complete(queue.join())
            print(f"{way}, {ending}: {server.heard}, open {opened}, then {server.open}")
    closer.cancel()
    loop.run_until_complete(asyncio.wait([closer]))


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Resources: opened for a block, closed on every way out, and who may await while closing.",
    [
        ("with", "connected at the beginning, closed at the end", main(with_)),
        ("error", "closed before the error is handed on", main(with_an_error)),
        ("order", "the last that was opened is closed first", main(order)),
        ("lock", "one at a time; free again after an error and a cancellation", main(lock)),
        ("semaphore", "two at a time", main(semaphore)),
        ("limit", "the closing takes its time after a limit, too", main(limit)),
        ("twice", "a second cancellation interrupts the closing, unless it is shielded", main(cancelled_twice)),
        ("ways", "three ways to close, four endings, and what is open after each", ways),
    ],
)
