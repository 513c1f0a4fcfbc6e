"""The first failure is reported at once; the siblings go on."""

import asyncio

import virtual_clock


async def tea(name, seconds):
    await asyncio.sleep(seconds)
    if name == "herbal":
        raise RuntimeError("herbal tea was spilled")
    return name


async def main():
    black = asyncio.create_task(tea("black", 4), name="black")
    herbal = asyncio.create_task(tea("herbal", 2), name="herbal")
    try:
        await asyncio.gather(black, herbal)
    except RuntimeError as error:
        print(error)
    print(await black)


virtual_clock.run(main())
