"""With nothing ready, the loop waits for the soonest timer."""

import asyncio

import virtual_clock


async def main():
    loop = asyncio.get_running_loop()
    loop.call_later(3, print, "three")
    loop.call_later(1, print, "one")
    never = loop.call_later(2, print, "never")
    never.cancel()
    await asyncio.sleep(4)


virtual_clock.run(main())
