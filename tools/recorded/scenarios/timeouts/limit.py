"""wait_for cancels what takes too long, and waits until it has cleaned up."""

import asyncio

import virtual_clock


async def brew():
    try:
        await asyncio.sleep(8)
    except asyncio.CancelledError:
        print("clean the pot")
        await asyncio.sleep(3)
        print("the pot is clean")
        raise


async def main():
    tea = asyncio.create_task(brew(), name="tea")
    try:
        await asyncio.wait_for(tea, 2)
    except TimeoutError:
        print("timed out")


virtual_clock.run(main())
