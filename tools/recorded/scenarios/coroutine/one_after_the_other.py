"""Two awaits in a row take the sum of their times."""

import asyncio

import virtual_clock


async def price():
    await asyncio.sleep(1)
    return 3


async def tip():
    await asyncio.sleep(1)
    return 1


async def main():
    total = await price() + await tip()
    now = asyncio.get_running_loop().time()
    print(f"{total} after {now:.0f} s")


virtual_clock.run(main())
