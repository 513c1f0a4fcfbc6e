"""Any number of tasks may await one future; they run in the order in which they came."""

import asyncio

import virtual_clock


async def guest(name, bell):
    await bell
    print(f"{name} heard it")


async def main():
    bell = asyncio.get_running_loop().create_future()
    guests = [asyncio.create_task(guest(name, bell), name=name) for name in ("anna", "ben")]
    await asyncio.sleep(1)
    bell.set_result(None)
    await asyncio.gather(*guests)


virtual_clock.run(main())
