"""A shield takes the cancellation, and what stands behind it goes on."""

import asyncio

import virtual_clock


async def pay():
    await asyncio.sleep(3)
    print("paid")


async def take_order():
    payment = asyncio.create_task(pay(), name="payment")
    try:
        await asyncio.shield(payment)
    except asyncio.CancelledError:
        print("the guest left")
        await payment
        raise


async def main():
    order = asyncio.create_task(take_order(), name="order")
    await asyncio.sleep(1)
    order.cancel()
    await asyncio.wait([order])


virtual_clock.run(main())
