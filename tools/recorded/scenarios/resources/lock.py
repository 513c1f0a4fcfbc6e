"""`async with` releases the lock, also when its task fails."""

import asyncio

import virtual_clock


async def visit(name, lock):
    async with lock:
        print(f"{name} enters")
        await asyncio.sleep(1)
        if name == "anna":
            raise RuntimeError("anna stumbles")


async def main():
    lock = asyncio.Lock()
    visits = [asyncio.create_task(visit(name, lock), name=name) for name in ("anna", "ben")]
    await asyncio.gather(*visits, return_exceptions=True)


virtual_clock.run(main())
