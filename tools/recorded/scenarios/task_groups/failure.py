"""The first failure cancels the others, and the block waits until they have ended."""

import asyncio

import virtual_clock


async def tea(name, seconds):
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        print(f"{name} is poured away")
        raise
    if name == "herbal":
        raise RuntimeError("herbal was spilled")
    print(f"{name} is ready")


async def main():
    try:
        async with asyncio.TaskGroup() as group:
            for name, seconds in [("green", 1), ("herbal", 2), ("black", 4)]:
                group.create_task(tea(name, seconds), name=name)
    except* RuntimeError:
        print("the block has ended")


virtual_clock.run(main())
