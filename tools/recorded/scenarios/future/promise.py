"""One task awaits a future, another one fills it."""

import asyncio

import virtual_clock


async def main():
    future = asyncio.get_running_loop().create_future()

    async def cook():
        await asyncio.sleep(2)
        future.set_result("tea")
        print("filled; the guest has not run yet")

    kitchen = asyncio.create_task(cook(), name="kitchen")
    order = await future
    print(f"the guest has {order}")
    await kitchen


virtual_clock.run(main())
