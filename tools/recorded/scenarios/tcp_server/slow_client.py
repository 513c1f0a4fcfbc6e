"""A task for each client: half a line keeps nobody waiting but its sender. Queues play the sockets."""

import asyncio

import virtual_clock


async def serve(client, socket):
    line = ""
    while not line.endswith("\n"):
        line += await socket.get()
    print(f"answer to {client}: {line.rstrip()}")


async def main():
    anna, ben = asyncio.Queue(), asyncio.Queue()
    first = asyncio.create_task(serve("anna", anna), name="anna's task")
    second = asyncio.create_task(serve("ben", ben), name="ben's task")
    anna.put_nowait("add 1")
    await asyncio.sleep(1)
    ben.put_nowait("add 2 3\n")
    await asyncio.sleep(1)
    anna.put_nowait(" 2\n")
    await first
    await second


virtual_clock.run(main())
