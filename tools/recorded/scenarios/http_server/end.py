"""The end of a server: nothing new is taken, and what is under way is answered. A queue plays the network."""

import asyncio

import virtual_clock


async def answer(number):
    await asyncio.sleep(0.5)
    print(f"answer {number}")


async def serve(requests):
    async with asyncio.TaskGroup() as group:
        while (number := await requests.get()) is not None:
            group.create_task(answer(number), name=f"request {number}")
        print("nothing new is taken")


async def main():
    requests = asyncio.Queue()
    server = asyncio.create_task(serve(requests), name="server")
    requests.put_nowait(1)
    await asyncio.sleep(0.2)
    requests.put_nowait(2)
    await asyncio.sleep(0.2)
    requests.put_nowait(None)
    requests.put_nowait(3)
    await server
    print(f"the end; not taken: {requests.qsize()}")


virtual_clock.run(main())
