"""The Python twin of channels.rs: it prints the same lines.

Run it with `python3 examples/channels.py`; add `--help` for its parts and for real time.
asyncio has one kind of queue, and what the other channels do is made of it here.
"""

import asyncio
from collections import deque

from support import run, run_main, seconds


def now():
    return asyncio.get_running_loop().time()


async def orders():
    queue = asyncio.Queue(1)

    async def worker():
        while (order := await queue.get()) is not None:
            await asyncio.sleep(2)
            print("served", order)
        print("no more orders")

    task = asyncio.create_task(worker())
    start = now()
    for order in ["tea", "cake", "bread"]:
        await queue.put(order)
        print(f"sent {order} after {seconds(now() - start)}")
    # Nothing tells the worker that the producer is gone, so the producer does.
    await queue.put(None)
    await task


class Watched:
    """A value of which only the newest counts."""

    def __init__(self, value):
        self.value = value
        self._is_new = False
        self._is_closed = False
        self._told = asyncio.Event()

    def send(self, value):
        self.value = value
        self._is_new = True
        self._told.set()

    def close(self):
        self._is_closed = True
        self._told.set()

    async def changed(self):
        """Waits for a value that was not seen; False if none will come."""
        await self._told.wait()
        is_new, self._is_new = self._is_new, False
        if not self._is_closed:
            self._told.clear()
        return is_new


async def price():
    prices = Watched(100)

    async def show():
        while True:
            print("the board shows", prices.value)
            await asyncio.sleep(5)
            if not await prices.changed():
                break
        print("the board stays as it is")

    board = asyncio.create_task(show())
    for number in [101, 102, 103, 104]:
        await asyncio.sleep(1)
        prices.send(number)
    prices.close()
    await board


class Lagged(Exception):
    """Says how many were missed."""


class Closed(Exception):
    """Says that nothing will come."""


class Listener:
    """The queue of one listener, which forgets the oldest when it is full."""

    def __init__(self, size):
        self._items = deque(maxlen=size)
        self._missed = 0
        self._is_closed = False
        self._told = asyncio.Event()

    def put(self, item):
        self._missed += len(self._items) == self._items.maxlen
        self._items.append(item)
        self._told.set()

    def close(self):
        self._is_closed = True
        self._told.set()

    async def get(self):
        await self._told.wait()
        if self._missed:
            missed, self._missed = self._missed, 0
            raise Lagged(missed)
        if not self._items:
            raise Closed
        item = self._items.popleft()
        if not self._items and not self._is_closed:
            self._told.clear()
        return item


async def listen(name, pause, news):
    while True:
        await asyncio.sleep(pause)
        try:
            print(f"{name}: order {await news.get()} is ready")
        except Lagged as missed:
            print(f"{name}: missed {missed}")
        except Closed:
            return


async def news():
    listeners = [Listener(2), Listener(2)]
    kitchen = asyncio.create_task(listen("kitchen", 0, listeners[0]))
    office = asyncio.create_task(listen("office", 10, listeners[1]))
    for order in range(1, 5):
        await asyncio.sleep(1)
        for listener in listeners:
            listener.put(order)
    for listener in listeners:
        listener.close()
    await asyncio.gather(kitchen, office)


async def keep_the_stock(questions):
    cakes = 2
    while (reply := await questions.get()) is not None:
        granted = cakes > 0
        # Whoever has left has cancelled its future.
        if not reply.cancelled():
            reply.set_result(granted)
            cakes -= granted
    return cakes


async def ask(keeper):
    reply = asyncio.get_running_loop().create_future()
    await keeper.put(reply)
    return reply


async def questions():
    keeper = asyncio.Queue(8)
    stock = asyncio.create_task(keep_the_stock(keeper))
    # This one leaves without waiting for the answer.
    (await ask(keeper)).cancel()
    for name in ["anna", "ben", "cleo"]:
        granted = await (await ask(keeper))
        print(f"{name} gets {'a cake' if granted else 'none'}")
    await keeper.put(None)
    print(f"left: {await stock}")


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Four kinds of things that tasks send each other, and the channel for each.",
    [
        ("orders", "work for one of those who take it, and the end of it", main(orders)),
        ("price", "a state of which only the newest counts", main(price)),
        ("news", "everything for everybody, and a listener that is too slow", main(news)),
        ("questions", "a question that carries the way back for its answer", main(questions)),
    ],
)
