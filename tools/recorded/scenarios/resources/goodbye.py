"""The scope says goodbye before the cancellation goes on."""

import asyncio
from contextlib import asynccontextmanager

import virtual_clock


@asynccontextmanager
async def connection():
    print("connected")
    try:
        yield
    finally:
        await asyncio.sleep(1)
        print("goodbye")


async def talk():
    async with connection():
        await asyncio.sleep(10)


async def main():
    client = asyncio.create_task(talk(), name="client")
    try:
        await asyncio.wait_for(client, 3)
    except TimeoutError:
        print("timed out")


virtual_clock.run(main())
