"""wait gives two sets after its limit and cancels nothing."""

import asyncio

import virtual_clock


async def main():
    black = asyncio.create_task(asyncio.sleep(5), name="black")
    green = asyncio.create_task(asyncio.sleep(1), name="green")
    done, pending = await asyncio.wait([black, green], timeout=3)
    print(f"done {len(done)}, pending {len(pending)}")
    await black


virtual_clock.run(main())
