"""The stock is empty, so the group cancels the payment, and waits until it is withdrawn."""

import asyncio

import virtual_clock


async def charge():
    try:
        await asyncio.sleep(3)
    except asyncio.CancelledError:
        await asyncio.sleep(2)
        print("the payment is withdrawn")
        raise


async def check_stock():
    await asyncio.sleep(1)
    raise RuntimeError("the cake is sold out")


async def order():
    async with asyncio.TaskGroup() as group:
        group.create_task(charge(), name="payment")
        group.create_task(check_stock(), name="stock")


async def main():
    try:
        await order()
    except* RuntimeError:
        print("sorry, in second", round(asyncio.get_running_loop().time()))


virtual_clock.run(main())
