"""The Python twin of streams.rs: it prints the same lines.

Run it with `python3 examples/streams.py`; add `--help` for its parts and for real time.
"""

import asyncio
from collections import deque
from contextlib import aclosing

from support import run, run_main, seconds


def now():
    return seconds(asyncio.get_running_loop().time())


def truth(value):
    return str(value).lower()


class Reader:
    """Ends after 99 lines."""

    def __init__(self):
        self.count = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.count += 1
        if self.count == 100:
            raise StopAsyncIteration
        return self.count


async def reader():
    asyncio.get_running_loop().call_soon(print, "my turn")
    lines = total = 0
    async for line in Reader():
        lines, total = lines + 1, total + line
    print(f"{lines} lines, sum {total}")
    await asyncio.sleep(0)


async def comprehension():
    print([10 * line async for line in Reader() if line % 33 == 0])


class Ticks:
    """Ticks once a second."""

    def __init__(self, left):
        self.left = left

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.left == 0:
            raise StopAsyncIteration
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_later(1, future.set_result, None)
        await future
        self.left -= 1


async def by_hand():
    asyncio.get_running_loop().call_later(1.5, print, "somebody else")
    async for _ in Ticks(3):
        print(f"tick at {now()}")


async def generators():
    for numbers in [countdown(3), countdown(3)]:
        async for number in numbers:
            print(f"{number} at {now()}")


async def countdown(start):
    for number in range(start, 0, -1):
        await asyncio.sleep(1)
        yield number


async def making():
    for number in range(1, 4):
        await asyncio.sleep(1)
        print(f"{now()}: made {number}")
        yield number


async def use_up(number):
    await asyncio.sleep(2)
    print(f"{now()}: used {number}")


async def pull():
    async for number in making():
        await use_up(number)


async def ahead():
    queue = asyncio.Queue(1)

    async def make():
        async for number in making():
            await queue.put(number)
        await queue.put(None)

    maker = asyncio.create_task(make())
    while (number := await queue.get()) is not None:
        await use_up(number)
    await maker


async def tea(name, brewing):
    await asyncio.sleep(brewing)
    return name


MENU = [("black", 4), ("green", 1), ("herbal", 2)]


async def buffered(awaitables, size):
    """Gives results in order; as in Rust, what is finished keeps its place until it is taken."""
    working = deque()
    for awaitable in awaitables:
        working.append(asyncio.create_task(awaitable))
        if len(working) == size:
            yield await working.popleft()
    while working:
        yield await working.popleft()


async def buffer_unordered(awaitables, size):
    """Gives results as they come."""
    working = set()
    for awaitable in awaitables:
        working.add(asyncio.create_task(awaitable))
        if len(working) == size:
            done, working = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    for task in asyncio.as_completed(working):
        yield await task


async def window():
    async for name in buffered((tea(*order) for order in MENU), 2):
        print(f"in order: {name} at {now()}")
    async for name in buffer_unordered((tea(*order) for order in MENU), 2):
        print(f"as they come: {name} at {now()}")
    async for name in buffered((tea(*order) for order in MENU), 2):
        print(f"tasks: {name} at {now()}")


opened = 0


async def lines():
    """Yields a line a second; a cancellation that finds it waiting makes it take a second to say goodbye."""
    global opened
    opened += 1
    try:
        for line in range(1, 4):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                await asyncio.sleep(1)
                print(f"said goodbye at {now()}")
                raise
            yield line
    finally:
        opened -= 1


async def half_read():
    async with aclosing(lines()) as stream:
        print(f"line {await anext(stream)}")
        print(f"open: {opened}")
    print(f"left: {opened}")
    two = []
    async with aclosing(lines()) as stream:
        async for line in stream:
            two.append(line)
            if len(two) == 2:
                break
    print(f"{two}, open: {opened}")


async def read_slowly(body):
    async with aclosing(lines()) as stream:
        async for line in stream:
            print(f"line {line}")
            await asyncio.sleep(body)


async def cancelled():
    for body in [0, 10]:
        started = asyncio.get_running_loop().time()
        task = asyncio.create_task(read_slowly(body))
        await asyncio.sleep(2.5)
        print(f"open: {opened}")
        task.cancel()
        await asyncio.wait([task])
        took = seconds(asyncio.get_running_loop().time() - started)
        print(f"cancelled: {truth(task.cancelled())} after {took}")
        print(f"open: {opened}")


async def limit():
    numbers = countdown(3)
    try:
        async with asyncio.timeout(0.5):
            await anext(numbers)
    except TimeoutError:
        print(f"timed out at {now()}")
    print(f"rest: {[number async for number in numbers]}")


async def read(ending):
    async with aclosing(lines()) as stream:
        async for line in stream:
            if ending == "error":
                raise RuntimeError(f"bad line {line}")
            if ending == "panic":
                raise SystemExit(f"bad line {line}")


def leaks(loop):
    """SystemExit is an exception that leaves the loop, as a panic does."""
    for ending in ["normal end", "error", "panic", "cancellation"]:
        task = loop.create_task(read(ending))
        loop.run_until_complete(asyncio.sleep(0.5))
        print(f"{ending}: open {opened}")
        if ending == "cancellation":
            task.cancel()
        try:
            loop.run_until_complete(task)
            outcome = "finished"
        except asyncio.CancelledError:
            outcome = "cancelled"
        except RuntimeError as error:
            outcome = str(error)
        except SystemExit:
            outcome = "panicked"
            task.exception()
        print(f"{outcome}: open {opened}")


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Streams: reading, writing, backpressure, and what becomes of one that is half read.",
    [
        ("reader", "99 lines, then the end; nobody else gets a turn between ready items", main(reader)),
        ("comprehension", "filter, map and collect", main(comprehension)),
        ("by_hand", "a stream that stores what it waits for", main(by_hand)),
        ("generator", "a stream with a yield in it, from a state or from a loop", main(generators)),
        ("pull", "the maker waits for the user: 9 seconds", main(pull)),
        ("ahead", "the maker is a task and runs ahead by one item: 7 seconds", main(ahead)),
        ("window", "two in work at once, in order and as they come", main(window)),
        ("half_read", "a stream that is left in the middle", main(half_read)),
        ("cancel", "its reader is cancelled inside the stream, and in its own body", main(cancelled)),
        ("limit", "a limit of time for one item ends the stream", main(limit)),
        ("leaks", "what is open after each of four endings", leaks),
    ],
)
