"""The Python twin of callbacks.rs: it prints the same lines.

Run it with `python3 examples/callbacks.py`; add `--help` for its parts and for real time.
"""

import asyncio
from functools import partial

from support import run, run_main, seconds


async def tea(name, brewing):
    await asyncio.sleep(brewing)
    print(f"{name} tea: ready")
    return name


async def spilled(name, brewing):
    await asyncio.sleep(brewing)
    raise RuntimeError(f"{name} tea was spilled")


def truth(value):
    return str(bool(value)).lower()


def report_errors():
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: print(f"the loop reports: {context['exception']}")
    )


async def made():
    green = asyncio.create_task(tea("green", 1))
    green.add_done_callback(lambda green: print(f"The {green.result()} tea is made."))
    print("main: awaits")
    await green
    print("main: goes on")


async def scheduled():
    kettle = asyncio.get_running_loop().create_future()
    kettle.add_done_callback(lambda _: print("callback: the kettle whistles"))
    kettle.set_result(100)
    print(f"main: filled, done {truth(kettle.done())}")
    await asyncio.sleep(0)
    kettle.add_done_callback(lambda _: print("callback: it has whistled"))
    print("main: added to what is done")
    await asyncio.sleep(0)
    print("main: one pass later")


def add_honey(spoons, tea):
    print(f"added {spoons} spoons of honey to the {tea.result()} tea")


async def honey():
    herbal = asyncio.create_task(tea("herbal", 1))
    herbal.add_done_callback(partial(add_honey, 2))
    await herbal


async def several():
    def second(green):
        print("callback 2")

    green = asyncio.create_task(tea("green", 1))
    green.add_done_callback(lambda _: print("callback 1"))
    green.add_done_callback(second)
    green.add_done_callback(lambda _: print("callback 3"))
    print(f"taken back: {truth(green.remove_done_callback(second))}")
    print(f"taken back: {truth(green.remove_done_callback(second))}")
    await green


async def too_late():
    def first(kettle):
        print(f"callback 1, takes back: {truth(kettle.remove_done_callback(second))}")

    def second(kettle):
        print("callback 2 runs all the same")

    kettle = asyncio.get_running_loop().create_future()
    kettle.add_done_callback(first)
    kettle.add_done_callback(second)
    kettle.set_result(100)
    await asyncio.sleep(0)


def say_how(name, tea):
    if tea.cancelled():
        print(f"{name}: nobody wants it any more")
    elif tea.exception():
        print(f"{name}: {tea.exception()}")
    else:
        print(f"{name}: the {tea.result()} tea is made")


async def uncertain():
    teas = {
        "first": asyncio.create_task(tea("green", 1)),
        "second": asyncio.create_task(spilled("herbal", 2)),
        "third": asyncio.create_task(tea("black", 4)),
    }
    for name, task in teas.items():
        task.add_done_callback(partial(say_how, name))
    await asyncio.sleep(3)
    teas["third"].cancel()
    await asyncio.sleep(1)


async def failing_callback():
    def pour(green):
        raise RuntimeError("no cup to pour it into")

    report_errors()
    green = asyncio.create_task(tea("green", 1))
    green.add_done_callback(pour)
    green.add_done_callback(lambda _: print("the next callback runs"))
    await green
    print("main: goes on")


async def group():
    both = asyncio.gather(tea("green", 2), tea("mint", 1))
    both.add_done_callback(lambda both: print(f"mixed: {' and '.join(both.result())}"))
    await both


def stop_the_loop(loop):
    def stop(green):
        print("callback: stop")
        loop.stop()

    start = loop.time()
    green = loop.create_task(tea("green", 1))
    black = loop.create_task(tea("black", 2))
    green.add_done_callback(stop)
    loop.run_forever()
    print(f"green done {truth(green.done())}, black done {truth(black.done())}")
    print(f"stopped after {seconds(loop.time() - start)}")
    loop.run_until_complete(black)


async def fetch_water():
    await asyncio.sleep(1)
    print("water is here")
    return 15


async def boil(degrees):
    await asyncio.sleep(1)
    raise RuntimeError(f"no power, still at {degrees} degrees")


def hot_water_by_callbacks():
    def when_fetched(fetched):
        boiled = loop.create_task(boil(fetched.result()))
        boiled.add_done_callback(when_boiled)

    def when_boiled(boiled):
        hot.set_result(boiled.result())

    loop = asyncio.get_running_loop()
    hot = loop.create_future()
    fetched = loop.create_task(fetch_water())
    fetched.add_done_callback(when_fetched)
    return hot


def hot_water_by_careful_callbacks():
    def when_fetched(fetched):
        if error := fetched.exception():
            hot.set_exception(error)
        else:
            boiled = loop.create_task(boil(fetched.result()))
            boiled.add_done_callback(when_boiled)

    def when_boiled(boiled):
        if error := boiled.exception():
            hot.set_exception(error)
        else:
            hot.set_result(boiled.result())

    loop = asyncio.get_running_loop()
    hot = loop.create_future()
    fetched = loop.create_task(fetch_water())
    fetched.add_done_callback(when_fetched)
    return hot


async def hot_water_by_await():
    water = await fetch_water()
    return await boil(water)


async def styles():
    report_errors()
    await show("callbacks", hot_water_by_callbacks())
    await show("careful callbacks", hot_water_by_careful_callbacks())
    await show("await", hot_water_by_await())


async def show(style, hot):
    loop = asyncio.get_running_loop()
    start = loop.time()
    try:
        outcome = f"{await asyncio.wait_for(hot, 10)} degrees"
    except TimeoutError:
        outcome = "timed out"
    except RuntimeError as error:
        outcome = str(error)
    print(f"{style}: {outcome} after {seconds(loop.time() - start)}")


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Done-callbacks: what is called when a task ends, in which order, and with which errors.",
    [
        ("made", "the callback gets the task that is done", main(made)),
        ("scheduled", "never called at once, not even if all is done already", main(scheduled)),
        ("honey", "the arguments first, the task last", main(honey)),
        ("several", "in the order in which they were added, without the one taken back", main(several)),
        ("too_late", "the first callback cannot take back the second", main(too_late)),
        ("uncertain", "a callback meets a success, a failure and a cancellation", main(uncertain)),
        ("fails", "a callback that fails itself", main(failing_callback)),
        ("group", "two teas are mixed when both are ready", main(group)),
        ("stop", "a callback ends a loop that runs for ever", stop_the_loop),
        ("styles", "an error in the middle, with callbacks and with await", main(styles)),
    ],
)
