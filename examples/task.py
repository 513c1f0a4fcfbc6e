"""The Python twin of task.rs: it prints the same lines.

Run it with `python3 examples/task.py`; add `--help` for its parts and for real time.
"""

import asyncio

from support import run, run_main, seconds


async def tea(name, brewing):
    print(f"{name} tea: begun")
    await asyncio.sleep(brewing)
    print(f"{name} tea: ready")
    return name


async def spilled(name, brewing):
    await asyncio.sleep(brewing)
    raise RuntimeError(f"{name} tea was spilled")


def now():
    return seconds(asyncio.get_running_loop().time())


def truth(value):
    return str(value).lower()


async def order():
    green = asyncio.create_task(tea("green", 1))
    black = asyncio.create_task(tea("black", 1))
    print("main: two tasks made")
    await asyncio.sleep(0)
    print("main: one pass later")
    print(f"main: got {await green} and {await black}")


def state(task):
    if not task.done():
        return "pending"
    if task.cancelled():
        return "cancelled"
    return "failed" if task.exception() else "finished"


async def states():
    async def green():
        me = asyncio.current_task()
        print(f"running: {me.get_name()} is the current task")
        print(f"running: done {truth(me.done())}")
        await asyncio.sleep(1)

    green = asyncio.create_task(green(), name="green")
    print(f"made: {state(green)}")
    await asyncio.sleep(0)
    print(f"waiting: {state(green)}")
    await green
    print(f"ended: {state(green)}")

    black = asyncio.create_task(tea("black", 1))
    await asyncio.sleep(0)
    black.cancel()
    print(f"asked to end: {state(black)}")
    await asyncio.wait([black])
    print(f"ended: {state(black)}")

    herbal = asyncio.create_task(spilled("herbal", 1))
    await asyncio.wait([herbal])
    print(f"ended: {state(herbal)}")


def outcome(ask):
    try:
        return ask()
    except asyncio.InvalidStateError:
        return "too early"
    except asyncio.CancelledError:
        return "cancelled"
    except Exception as error:
        return f"error: {error}"


async def ended(task):
    await asyncio.wait([task])
    return outcome(task.result)


async def results():
    def show(when, task):
        print(f"{when}: result {outcome(task.result)}")
        print(f"{when}: exception {outcome(task.exception) or 'none'}")

    green = asyncio.create_task(tea("green", 1))
    show("before", green)
    await green
    show("after", green)

    herbal = asyncio.create_task(spilled("herbal", 1))
    await asyncio.wait([herbal])
    show("failed", herbal)

    black = asyncio.create_task(tea("black", 1))
    black.cancel()
    await asyncio.wait([black])
    show("cancelled", black)


async def two_seconds():
    loop = asyncio.get_running_loop()
    green = asyncio.create_task(tea("green", 2))
    black = asyncio.create_task(tea("black", 2))
    start = loop.time()
    await green
    await black
    half_time = loop.time()
    print(f"two tasks took {seconds(half_time - start)}")
    await tea("mint", 2)
    await tea("white", 2)
    print(f"two futures took {seconds(loop.time() - half_time)}")


def report(loop, context):
    print(f"the loop reports: {context['message']}: {context['exception']}")


async def failures():
    herbal = asyncio.create_task(spilled("herbal", 1))
    try:
        print(f"got {await herbal}")
    except RuntimeError as error:
        print(f"the awaiter sees: {error}")

    black = asyncio.create_task(spilled("black", 1))
    await asyncio.sleep(2)
    print(f"black done: {truth(black.done())}; nobody has looked")
    del black

    white = asyncio.create_task(spilled("white", 1))
    await asyncio.sleep(2)
    if error := white.exception():
        print(f"looked at: {error}")
    del white
    print("main goes on")


async def careful():
    try:
        return await tea("green", 4)
    except asyncio.CancelledError:
        print(f"cancelled after {now()}, cleaning the pot")
        await asyncio.sleep(1)
        print(f"clean after {now()}")
        raise


async def stubborn():
    try:
        return await tea("black", 4)
    except asyncio.CancelledError:
        return "weak black"


async def cancellations():
    green = asyncio.create_task(careful())
    await asyncio.sleep(1)
    print(f"accepted: {truth(green.cancel())}, done: {truth(green.done())}")
    print(f"careful: {await ended(green)}")
    print(f"accepted again: {truth(green.cancel())}")

    black = asyncio.create_task(stubborn())
    await asyncio.sleep(1)
    black.cancel()
    print(f"stubborn: {await ended(black)}")
    print(f"cancelled: {truth(black.cancelled())}")

    mint = asyncio.create_task(tea("mint", 1))
    mint.cancel()
    print(f"never begun: {await ended(mint)}")


async def cancel_yourself():
    async def one_await():
        asyncio.current_task().cancel()
        print("still running")
        slept = False
        try:
            await asyncio.sleep(4)
            slept = True
        except asyncio.CancelledError:
            pass
        print(f"slept: {truth(slept)}, after {now()}")
        return "one await"

    async def no_await():
        asyncio.current_task().cancel()
        return "no await"

    print(f"ended: {await ended(asyncio.create_task(one_await()))}")
    print(f"ended: {await ended(asyncio.create_task(no_await()))}")


async def names():
    me = asyncio.current_task()
    me.set_name("shop")
    loop = asyncio.get_running_loop()
    green = asyncio.create_task(tea("green", 1), name="green")
    black = asyncio.create_task(tea("black", 2), name="black")

    def listing():
        return ", ".join(sorted(task.get_name() for task in asyncio.all_tasks()))

    print(f"current: {me.get_name()}")
    print(f"all: {listing()}")
    await green
    print(f"all: {listing()}")
    loop.call_soon(lambda: print(f"in a callback: {truth(asyncio.current_task() is not None)}"))
    await black


async def dropped_handle():
    asyncio.create_task(tea("green", 2))  # Only its timer keeps it alive.
    print("handle dropped")
    await asyncio.sleep(3)


async def shared():
    cups = 0

    async def waiter(name):
        nonlocal cups
        for _ in range(3):
            cups += 1
            print(f"{name} serves cup {cups}")
            await asyncio.sleep(0)

    for task in [asyncio.create_task(waiter(name)) for name in ["Ann", "Ben"]]:
        await task
    print(f"{cups} cups")


async def make_tea(loop, name, shop):
    print(f"making {name} tea")
    loop.stop()
    if shop == "stop in the middle":
        await asyncio.sleep(0)
        print(f"making {name} tea, second half")
        loop.stop()
    elif shop == "stop and fail":
        raise RuntimeError("no water")
    return f"{name} tea"


def tea_shops(loop):
    shops = [
        ("green", "stop at the end"),
        ("black", "stop in the middle"),
        ("herbal", "stop and fail"),
    ]
    for name, shop in shops:
        task = loop.create_task(make_tea(loop, name, shop))

        def show(when):
            print(f"{when}: done {truth(task.done())}, result {outcome(task.result)}")

        show("before the loop ran")
        loop.run_forever()
        show("after the loop ran")
        if not task.done():
            loop.run_forever()
            show("after it ran again")


def main(function):
    return lambda loop: run_main(loop, function())


def failure_part(loop):
    loop.set_exception_handler(report)
    run_main(loop, failures())


run(
    "Tasks: when they run, what they end with, how they are cancelled, named and shared.",
    [
        ("order", "a task is scheduled at once and starts on the next pass", main(order)),
        ("states", "pending, running, finished, failed, cancelled", main(states)),
        ("result", "asked too early, and asked afterwards", main(results)),
        ("two_seconds", "two tasks take 2 seconds, two futures 4", main(two_seconds)),
        ("failure", "it reaches the awaiter, and is reported if there is none", failure_part),
        ("cancel", "clean up, refuse, or never begin", main(cancellations)),
        ("yourself", "a task that cancels itself goes on to its next await", main(cancel_yourself)),
        ("names", "who is there, and who am I?", main(names)),
        ("dropped", "a task without a handle goes on", main(dropped_handle)),
        ("shared", "two tasks count in one variable, without a lock", main(shared)),
        ("tea_shops", "three tasks that stop their loop themselves", tea_shops),
    ],
)
