"""A queue with room for one item lets producer and consumer take turns."""

import asyncio

import virtual_clock


async def produce(queue):
    for n in range(1, 4):
        await queue.put(n)
        print("put", n)


async def main():
    queue = asyncio.Queue(1)
    producer = asyncio.create_task(produce(queue), name="producer")
    for _ in range(3):
        n = await queue.get()
        print("got", n)
    await producer


virtual_clock.run(main())
