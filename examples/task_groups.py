"""The Python twin of task_groups.rs: it prints the same lines.

Run it with `python3 examples/task_groups.py`; add `--help` for its parts and for real time.
"""

import asyncio

from support import run, run_main, seconds


def now():
    return seconds(asyncio.get_running_loop().time())


async def tea(name, brewing):
    try:
        await asyncio.sleep(brewing)
    except asyncio.CancelledError:
        await asyncio.sleep(1)
        print(f"{name}: pot clean after {now()}")
        raise
    print(f"{name} tea is ready after {now()}")
    return name


async def spilled(name, brewing):
    await asyncio.sleep(brewing)
    print(f"{name} tea falls after {now()}")
    raise RuntimeError(f"{name} tea was spilled")


def text(error):
    if isinstance(error, ExceptionGroup):
        return f"[{', '.join(text(each) for each in error.exceptions)}]"
    return "timed out" if isinstance(error, TimeoutError) else str(error)


async def show(awaitable):
    try:
        await awaitable
        print(f"all is well after {now()}")
    except Exception as error:
        print(f"{text(error)} after {now()}")


async def all_is_well():
    async with asyncio.TaskGroup() as group:
        green = group.create_task(tea("green", 1))
        black = group.create_task(tea("black", 4))
        print(f"the body ends after {now()}")
    for task in [green, black]:
        print(f"result: {task.result()}")


async def one_fails():
    async def block():
        async with asyncio.TaskGroup() as group:
            group.create_task(tea("green", 1))
            group.create_task(spilled("herbal", 2))
            group.create_task(tea("black", 4))
            await asyncio.sleep(9)
            print("never printed")

    await show(block())


async def many_errors():
    async def count(cups):
        return int(cups)

    async def broken():
        try:
            await asyncio.sleep(9)
        finally:
            raise RuntimeError("the pot broke")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(broken())
            group.create_task(count("two"))
            group.create_task(count("four"))
    except* ValueError as failed:
        print(f"not a number: {len(failed.exceptions)}")
    except* RuntimeError as failed:
        for error in failed.exceptions:
            print(f"accident: {error}")


async def the_body_fails():
    async def block():
        async with asyncio.TaskGroup() as group:
            group.create_task(tea("black", 4))
            await asyncio.sleep(1)
            raise RuntimeError("no guests")

    await show(block())


async def around_a_group():
    async def block():
        async with asyncio.timeout(2), asyncio.TaskGroup() as group:
            group.create_task(tea("green", 1))
            group.create_task(tea("black", 4))

    await show(block())


async def one_is_cancelled():
    async def block():
        async with asyncio.TaskGroup() as group:
            green = group.create_task(tea("green", 3))
            group.create_task(tea("black", 4))
            await asyncio.sleep(1)
            green.cancel()

    await show(block())


async def growing():
    async def first(group):
        await tea("green", 1)
        group.create_task(tea("mint", 1))

    async def block():
        async with asyncio.TaskGroup() as group:
            group.create_task(first(group))

    await show(block())


async def nested():
    async def inner():
        async with asyncio.TaskGroup() as group:
            group.create_task(spilled("herbal", 1))
            group.create_task(tea("white", 6))

    async def outer():
        async with asyncio.TaskGroup() as group:
            group.create_task(tea("black", 4))
            group.create_task(inner())

    await show(outer())


async def too_late():
    group = asyncio.TaskGroup()

    def add():
        late = tea("late", 1)
        try:
            group.create_task(late)
        except RuntimeError as refused:
            late.close()
            reasons = ["shutting down", "finished"]
            print("refused:", *[reason for reason in reasons if reason in str(refused)])

    async def block():
        async with group:
            group.create_task(spilled("herbal", 1))
            try:
                await asyncio.sleep(9)
            finally:
                add()

    await show(block())
    add()


async def left_by_gather():
    async def block():
        async with asyncio.TaskGroup() as group:
            group.create_task(spilled("herbal", 2))
            group.create_task(spilled("mint", 3))
            group.create_task(tea("black", 4))

    await show(asyncio.gather(spilled("herbal", 2), spilled("mint", 3), tea("black", 4)))
    await asyncio.sleep(9)
    await show(block())
    await asyncio.sleep(9)


async def leak():
    async def serve():
        black = asyncio.create_task(tea("black", 4))
        await spilled("herbal", 1)
        await black

    async def serve_in_a_group():
        async with asyncio.TaskGroup() as group:
            group.create_task(tea("black", 4))
            await spilled("herbal", 1)

    await show(serve())
    await asyncio.sleep(5)
    await show(serve_in_a_group())
    await asyncio.sleep(5)


async def a_few_at_a_time():
    permits = asyncio.Semaphore(2)
    running = highest = 0

    async def job():
        nonlocal running, highest
        async with permits:
            running += 1
            highest = max(highest, running)
            await asyncio.sleep(2)
            running -= 1

    async def block():
        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(job())

    await show(block())
    print(f"highest overlap: {highest}")


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Task groups: tasks that end together, their errors, and a bound on how many run.",
    [
        ("success", "the block ends when the last task has ended", main(all_is_well)),
        ("failure", "the first failure ends the others", main(one_fails)),
        ("errors", "two tasks fail at once, one in its clean-up", main(many_errors)),
        ("body", "a failure of the body ends the tasks", main(the_body_fails)),
        ("limit", "a limit around the block ends the tasks", main(around_a_group)),
        ("alone", "one task cancelled is no failure", main(one_is_cancelled)),
        ("grow", "a task adds a task to its group", main(growing)),
        ("nested", "a group of errors in a group of errors", main(nested)),
        ("closed", "a group that ends takes no more tasks", main(too_late)),
        ("gather", "the siblings go on, and a failure is lost", main(left_by_gather)),
        ("leak", "a function fails before it awaits its task", main(leak)),
        ("bound", "six jobs of 2 seconds, two at a time", main(a_few_at_a_time)),
    ],
)
