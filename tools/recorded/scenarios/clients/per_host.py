"""Four downloads, and at most two at a time from one host."""

import asyncio

import virtual_clock


async def download(name, seconds, host):
    async with host:
        await asyncio.sleep(seconds)
        print(f"{name} is here")


async def main():
    north, south = asyncio.Semaphore(2), asyncio.Semaphore(2)
    files = [("north/1", 3, north), ("north/2", 2, north), ("north/3", 2, north)]
    files.append(("south/1", 4, south))
    downloads = [asyncio.create_task(download(*file), name=file[0]) for file in files]
    await asyncio.gather(*downloads)


virtual_clock.run(main())
