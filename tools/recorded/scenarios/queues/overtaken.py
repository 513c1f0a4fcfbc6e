"""Anna is woken for an item that main takes before she runs, and stands in the line again, behind ben."""

import asyncio

import virtual_clock


async def wait_for_order(name, orders):
    print(f"{name} got {await orders.get()}")


async def main():
    orders = asyncio.Queue()
    anna = asyncio.create_task(wait_for_order("anna", orders), name="anna")
    ben = asyncio.create_task(wait_for_order("ben", orders), name="ben")
    await asyncio.sleep(0)
    orders.put_nowait("tea")
    print(f"main got {orders.get_nowait()}")
    await asyncio.sleep(0)
    orders.put_nowait("cake")
    orders.put_nowait("bread")
    await asyncio.gather(anna, ben)


virtual_clock.run(main())
