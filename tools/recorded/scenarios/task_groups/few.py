"""Four jobs of two seconds share two permits."""

import asyncio

import virtual_clock


async def job(name, permits):
    async with permits:
        await asyncio.sleep(2)
        print(f"{name} is done")


async def main():
    permits = asyncio.Semaphore(2)
    async with asyncio.TaskGroup() as group:
        for name in ("job 1", "job 2", "job 3", "job 4"):
            group.create_task(job(name, permits), name=name)
    print("the block has ended")


virtual_clock.run(main())
