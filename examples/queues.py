"""The Python twin of queues.rs: it prints the same lines.

Run it with `python3 examples/queues.py`; add `--help` for its parts and for real time.
"""

import asyncio

from support import run, run_main, seconds


def now():
    return asyncio.get_running_loop().time()


def truth(value):
    return str(value).lower()


async def nowait():
    queue = asyncio.Queue(2)
    queue.put_nowait("tea")
    queue.put_nowait("cake")
    print(f"size {queue.qsize()}, full: {truth(queue.full())}")
    try:
        queue.put_nowait("bread")
    except asyncio.QueueFull:
        print("no room for bread")
    print(f"{queue.get_nowait()}, {queue.get_nowait()}")
    try:
        queue.get_nowait()
    except asyncio.QueueEmpty:
        print(f"nothing left: {truth(queue.empty())}")


async def later():
    queue = asyncio.Queue()
    first = asyncio.create_task(queue.get())
    queue.put_nowait("foo")
    print(f"got {await first}")

    second = asyncio.create_task(queue.get())
    done, pending = await asyncio.wait([second], timeout=1)
    print(f"pending after 1 s: {len(pending)}")
    queue.put_nowait("bar")
    print(f"got {await second}")


async def bounded():
    start = now()
    queue = asyncio.Queue(1)

    async def produce():
        for number in range(1, 4):
            await queue.put(number)
            print(f"put {number} after {seconds(now() - start)}")

    producer = asyncio.create_task(produce())
    for _ in range(3):
        await asyncio.sleep(2)
        print(f"got {await queue.get()}")
    await producer


async def worker(name, takes, queue):
    while True:
        order = await queue.get()
        await asyncio.sleep(takes)
        print(f"{name} served order {order}")
        queue.task_done()


async def join():
    start = now()
    queue = asyncio.Queue()
    for order in range(1, 6):
        queue.put_nowait(order)
    workers = [
        asyncio.create_task(worker(name, takes, queue))
        for name, takes in [("anna", 1.0), ("ben", 1.7)]
    ]
    await queue.join()
    print(f"all served after {seconds(now() - start)}")
    for task in workers:
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            print(f"worker cancelled: {truth(task.cancelled())}")


async def order():
    for queue in [asyncio.Queue(), asyncio.LifoQueue(), asyncio.PriorityQueue()]:
        for number in [1, 3, 2]:
            queue.put_nowait(number)
        print(f"{type(queue).__name__:<14}", *(queue.get_nowait() for _ in range(3)))


def named_getter(name, queue):
    async def get():
        try:
            print(f"{name} got {await queue.get()}")
        except asyncio.CancelledError:
            print(f"{name} was cancelled")

    return asyncio.create_task(get())


async def fair():
    queue = asyncio.Queue()
    getters = [named_getter(name, queue) for name in ["anna", "ben", "cleo"]]
    await asyncio.sleep(0)
    for number in range(1, 4):
        queue.put_nowait(number)
    await asyncio.gather(*getters)


async def overtaken():
    queue = asyncio.Queue()
    getters = [named_getter(name, queue) for name in ["anna", "ben"]]
    await asyncio.sleep(0)
    queue.put_nowait(1)
    print(f"main got {queue.get_nowait()}")
    await asyncio.sleep(0)
    queue.put_nowait(2)
    queue.put_nowait(3)
    await asyncio.gather(*getters)


async def cancelled():
    queue = asyncio.Queue()
    anna, ben = [named_getter(name, queue) for name in ["anna", "ben"]]
    await asyncio.sleep(0)
    queue.put_nowait(1)
    anna.cancel()
    await asyncio.gather(anna, ben)
    print(f"left: {queue.qsize()}")


async def producer(orders, queue):
    for number in orders:
        await queue.put(number)


async def consumer(queue):
    total = 0
    while (number := await queue.get()) is not None:
        await asyncio.sleep(0.1)
        total += number
    return total


async def many():
    queue = asyncio.Queue(2)
    consumers = [asyncio.create_task(consumer(queue)) for _ in range(3)]
    await asyncio.gather(producer(range(1, 11), queue), producer(range(11, 21), queue))
    for _ in consumers:
        await queue.put(None)
    sums = await asyncio.gather(*consumers)
    print(f"{len(sums)} consumers ended, sum {sum(sums)}")
    print(f"left: {queue.qsize()}")


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Queues between tasks: waiting, order, fairness, and the end of the work.",
    [
        ("nowait", "put and get without waiting", main(nowait)),
        ("later", "a get that waits longer than a limit of 1 second", main(later)),
        ("bounded", "a fast producer is held back", main(bounded)),
        ("join", "workers drain the queue, then stop", main(join)),
        ("order", "first in, last in, smallest", main(order)),
        ("fair", "who waited first is served first", main(fair)),
        ("overtaken", "a woken getter does not own its item yet", main(overtaken)),
        ("cancelled", "a cancelled getter loses nothing", main(cancelled)),
        ("many", "two producers, three consumers, and a sentinel for each", main(many)),
    ],
)
