"""A cancellation arrives at the await where the task is suspended."""

import asyncio

import virtual_clock


async def brew():
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        print("pour it away")
        raise


async def main():
    tea = asyncio.create_task(brew(), name="tea")
    await asyncio.sleep(1)
    tea.cancel()
    print("asked to end")
    try:
        await tea
    except asyncio.CancelledError:
        print("cancelled: true")


virtual_clock.run(main())
