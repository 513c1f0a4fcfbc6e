"""Five jobs, two workers: who is free takes the next."""

import asyncio

import virtual_clock


async def work(name, jobs):
    while True:
        number, seconds = await jobs.get()
        print(f"{name} takes job {number}")
        await asyncio.sleep(seconds)
        jobs.task_done()


async def main():
    jobs = asyncio.Queue()
    for job in [(1, 4), (2, 1), (3, 1), (4, 3), (5, 1)]:
        jobs.put_nowait(job)
    names = ("worker 1", "worker 2")
    workers = [asyncio.create_task(work(name, jobs), name=name) for name in names]
    await jobs.join()
    print("all jobs are done")
    for worker in workers:
        worker.cancel()


virtual_clock.run(main())
