"""Two workers share one queue; join waits until all is done."""

import asyncio

import virtual_clock


async def work(name, jobs):
    while True:
        seconds = await jobs.get()
        await asyncio.sleep(seconds)
        print(f"{name} has done {seconds} s")
        jobs.task_done()


async def main():
    jobs = asyncio.Queue()
    for seconds in (3, 1, 1, 2):
        jobs.put_nowait(seconds)
    workers = [asyncio.create_task(work(name, jobs), name=name) for name in ("anna", "ben")]
    await jobs.join()
    print("nothing is left to do")
    for worker in workers:
        worker.cancel()


virtual_clock.run(main())
