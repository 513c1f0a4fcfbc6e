"""gather starts all at once and ends with the longest."""

import asyncio

import virtual_clock


async def tea(name, seconds):
    await asyncio.sleep(seconds)
    print(f"{name} tea is ready")
    return name


async def main():
    menu = [("green", 1), ("black", 4), ("herbal", 2)]
    teas = [asyncio.create_task(tea(name, seconds), name=name) for name, seconds in menu]
    print(", ".join(await asyncio.gather(*teas)))


virtual_clock.run(main())
