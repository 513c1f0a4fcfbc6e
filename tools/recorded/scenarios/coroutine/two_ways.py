"""What is awaited runs at once, within the same step; what is scheduled waits for its turn."""

import asyncio

import virtual_clock


async def tea(name):
    print(f"{name} starts")
    return name


async def main():
    green = await tea("green")
    print(f"awaited {green}")
    black = asyncio.create_task(tea("black"), name="black")
    print("scheduled black")
    print(f"awaited {await black}")


virtual_clock.run(main())
