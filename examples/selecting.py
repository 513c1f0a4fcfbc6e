"""The Python twin of selecting.rs: it prints the same lines.

Run it with `python3 examples/selecting.py`; add `--help` for its parts and for real time.
"""

import asyncio

from support import run, run_main, seconds


def now():
    return seconds(asyncio.get_running_loop().time())


async def customers(orders, place):
    """Puts each order after a pause, and then None, because a queue has no end of its own."""
    for pause, order in orders:
        await asyncio.sleep(pause)
        place.put_nowait(order)
    place.put_nowait(None)


async def doors():
    calls, guests = asyncio.Queue(), asyncio.Queue()
    places = {calls: "by phone", guests: "at the door"}
    senders = [
        asyncio.create_task(customers([(2, "cake"), (2, "bread")], calls)),
        asyncio.create_task(customers([(3, "tea"), (4, "milk")], guests)),
    ]
    gets = {asyncio.create_task(queue.get()): queue for queue in places}
    while gets:
        done, _ = await asyncio.wait(gets, return_when=asyncio.FIRST_COMPLETED)
        for get in done:
            queue = gets.pop(get)
            if get.result() is not None:
                print(f"{get.result()}, {places[queue]}, after {now()}")
                gets[asyncio.create_task(queue.get())] = queue
    await asyncio.gather(*senders)
    print(f"both are closed after {now()}")


async def office(pieces, reader):
    for pause, piece in pieces:
        await asyncio.sleep(pause)
        reader.feed_data(piece)
    reader.feed_eof()


async def line():
    reader = asyncio.StreamReader()
    sender = asyncio.create_task(office([(0, b"two tea"), (1.5, b"s\ncake\n")], reader))
    while True:
        try:
            # A readline that is cancelled leaves what has come in the reader.
            order = await asyncio.wait_for(reader.readline(), 1)
        except TimeoutError:
            print("still open")
            continue
        if not order:
            break
        print("order:", order.decode().strip())
    await sender
    print("hung up")


async def evening():
    guests = 0
    try:
        async with asyncio.timeout(10):
            while True:
                await asyncio.sleep(3)
                guests += 1
    except TimeoutError:
        print(f"{guests} guests, closed after {now()}")


async def read_orders(reader, orders):
    try:
        while True:
            orders.put_nowait((await reader.readexactly(4)).decode())
    except asyncio.IncompleteReadError:
        orders.put_nowait(None)


async def owner():
    reader, orders = asyncio.StreamReader(), asyncio.Queue(8)
    tasks = [
        asyncio.create_task(office([(0, b"ca"), (1.5, b"keteas")], reader)),
        asyncio.create_task(read_orders(reader, orders)),
    ]
    while True:
        try:
            order = await asyncio.wait_for(orders.get(), 1)
        except TimeoutError:
            print("still open")
            continue
        if order is None:
            break
        print("order:", order)
    await asyncio.gather(*tasks)
    print("hung up")


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Whichever comes first, with `select!`, and what becomes of the rest.",
    [
        ("doors", "orders from two channels, until both are closed", main(doors)),
        ("line", "a line in two pieces, kept where nobody drops it", main(line)),
        ("evening", "one limit for many rounds", main(evening)),
        ("owner", "a task owns the reader, and sends whole orders", main(owner)),
    ],
)
