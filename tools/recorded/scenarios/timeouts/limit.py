"""wait_for cancels what takes too long, and waits until it has cleaned up."""

import asyncio

import virtual_clock


async def ask():
    try:
        await asyncio.sleep(8)
    except asyncio.CancelledError:
        print("says goodbye")
        await asyncio.sleep(3)
        print("said goodbye")
        raise


async def main():
    call = asyncio.create_task(ask(), name="call")
    try:
        await asyncio.wait_for(call, 2)
    except TimeoutError:
        print("timed out")


virtual_clock.run(main())
