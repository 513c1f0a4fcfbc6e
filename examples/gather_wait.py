"""The Python twin of gather_wait.rs: it prints the same lines.

Run it with `python3 examples/gather_wait.py`; add `--help` for its parts and for real time.
"""

import asyncio
import threading

from support import run, run_main, seconds


async def tea(name, brewing):
    await asyncio.sleep(brewing)
    print(f"{name} tea is ready")
    return name


async def spilled(name, brewing):
    await asyncio.sleep(brewing)
    raise RuntimeError(f"{name} tea was spilled")


def now():
    return seconds(asyncio.get_running_loop().time())


def truth(value):
    return str(value).lower()


async def three_teas():
    teas = await asyncio.gather(tea("green", 1), tea("black", 4), tea("herbal", 2))
    print(f"{', '.join(teas)} after {now()}")


async def one_fails():
    black = asyncio.create_task(tea("black", 4))
    herbal = asyncio.create_task(spilled("herbal", 2))
    try:
        await asyncio.gather(black, herbal)
        print("all is well")
    except RuntimeError as error:
        print(f"{error} after {now()}")
    print(f"black done: {truth(black.done())}")
    print(f"{await black} after {now()}")


async def failures_as_results():
    black = asyncio.create_task(tea("black", 4))
    herbal = asyncio.create_task(spilled("herbal", 2))
    for outcome in await asyncio.gather(black, herbal, return_exceptions=True):
        if isinstance(outcome, Exception):
            print(f"failure: {outcome}")
        else:
            print(f"result: {outcome}")


async def cancellations():
    green = asyncio.create_task(tea("green", 1))
    black = asyncio.create_task(tea("black", 4))
    black.cancel()
    print(f"one child cancelled: {await kind(asyncio.gather(green, black))}")
    await green

    children = [asyncio.create_task(tea("mint", 1)), asyncio.create_task(tea("white", 2))]
    group = asyncio.gather(*children)
    print(f"cancel: {truth(group.cancel())}")
    print(f"the group cancelled: {await kind(group)}")
    print(f"children cancelled: {sum(child.cancelled() for child in children)}")


async def kind(awaitable):
    try:
        await awaitable
        return "a result"
    except asyncio.CancelledError:
        return "a cancellation"
    except Exception:
        return "a failure"


async def group_as_promise():
    group = asyncio.gather(tea("green", 1), tea("black", 4))
    print(f"done before: {truth(group.done())}")
    group.add_done_callback(lambda group: print(f"callback: {len(group.result())} teas"))
    await group
    await asyncio.sleep(0)
    print(f"done after: {truth(group.done())}")


async def wait_with_a_limit():
    black = asyncio.create_task(tea("black", 5))
    green = asyncio.create_task(tea("green", 1))
    done, pending = await asyncio.wait([black, green], timeout=3)
    print(f"done {len(done)}, pending {len(pending)}, after {now()}")
    print(f"black cancelled: {truth(black.cancelled())}")
    print(f"{await black} after {now()}")


async def first_completed():
    teas = [asyncio.create_task(tea(*order)) for order in [("black", 3), ("herbal", 2), ("green", 1)]]
    done, pending = await asyncio.wait(teas, return_when=asyncio.FIRST_COMPLETED)
    print(f"done {len(done)}, pending {len(pending)}, after {now()}")
    for task in pending:
        task.cancel()


async def first_exception():
    teas = [
        asyncio.create_task(tea("green", 1)),
        asyncio.create_task(spilled("herbal", 2)),
        asyncio.create_task(tea("black", 3)),
    ]
    done, pending = await asyncio.wait(teas, return_when=asyncio.FIRST_EXCEPTION)
    print(f"done {len(done)}, pending {len(pending)}, after {now()}")
    print(f"failure: {teas[1].exception()}")
    teas = [asyncio.create_task(tea("mint", 1)), asyncio.create_task(tea("white", 2))]
    done, pending = await asyncio.wait(teas, return_when=asyncio.FIRST_EXCEPTION)
    print(f"done {len(done)}, pending {len(pending)}, after {now()}")


async def in_order_of_completion():
    for following in asyncio.as_completed([tea("black", 3), tea("green", 1), tea("herbal", 2)]):
        print(f"took {await following} after {now()}")


async def limits():
    black = asyncio.create_task(tea("black", 4))
    try:
        await asyncio.wait_for(black, 2)
    except TimeoutError:
        print(f"timed out; black cancelled: {truth(black.cancelled())}")
    white = asyncio.create_task(tea("white", 4))
    try:
        await asyncio.wait_for(asyncio.shield(white), 2)
    except TimeoutError:
        print(f"timed out; white cancelled: {truth(white.cancelled())}")
    print(f"{await white} after {now()}")


async def factorials():
    thread = threading.get_ident()
    numbers = await asyncio.gather(factorial("A", 2), factorial("B", 3), factorial("C", 4))
    print(numbers)
    print(f"one thread: {truth(threading.get_ident() == thread)}")


async def factorial(name, number):
    product = 1
    for factor in range(2, number + 1):
        print(f"{name}: {product} x {factor}")
        await asyncio.sleep(1)
        product *= factor
    print(f"{name}: {number}! = {product}")
    return product


def main(function):
    return lambda loop: run_main(loop, function())


run(
    "Groups of tasks: gather, wait, as_completed, wait_for and shield.",
    [
        ("gather", "results in the order of the arguments, after the longest wait", main(three_teas)),
        ("failure", "the first failure is reported at once, the siblings go on", main(one_fails)),
        ("exceptions", "failures as results", main(failures_as_results)),
        ("cancel", "one child cancelled, then the whole group", main(cancellations)),
        ("group", "a group is itself a promise", main(group_as_promise)),
        ("wait", "two sets, after a limit of 3 seconds", main(wait_with_a_limit)),
        ("first_completed", "one done, two pending", main(first_completed)),
        ("first_exception", "with a failure, and without one", main(first_exception)),
        ("as_completed", "in the order in which they end", main(in_order_of_completion)),
        ("limits", "wait_for cancels what shield protects", main(limits)),
        ("factorials", "three computations interleaved on one thread", main(factorials)),
    ],
)
