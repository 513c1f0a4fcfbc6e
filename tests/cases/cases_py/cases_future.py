import asyncio
import gc

from harness import case, exception, outcome, report_to, spin


@case("F01")
def f01(loop, say):
    f = loop.create_future()
    say(f.done(), f.cancelled(), outcome(f.result), outcome(f.exception))


@case("F02")
def f02(loop, say):
    f = loop.create_future()
    f.set_result(42)
    say(f.done(), f.result(), f.exception(), f.cancelled())
    say(
        outcome(lambda: f.set_result(1)).split(":")[0],
        outcome(lambda: f.set_exception(ValueError())).split(":")[0],
        f.cancel(),
    )


@case("F03")
def f03(loop, say):
    x = KeyError("k")
    f = loop.create_future()
    f.set_exception(x)
    say(f.exception() is x, outcome(f.result), f.cancelled())
    g = loop.create_future()
    g.set_exception(RuntimeError)
    say(exception(g.exception()))
    h = loop.create_future()
    say(outcome(lambda: h.set_exception(StopIteration)))


@case("F04")
def f04(loop, say):
    f = loop.create_future()
    say(f.cancel("why"), f.cancel(), f.done(), f.cancelled())
    say(outcome(f.result), "|", outcome(f.exception), "|", outcome(lambda: f.set_result(1)).split(":")[0])


@case("F06")
def f06(loop, say):
    f = loop.create_future()
    f.set_result(1)
    f.add_done_callback(lambda f: say("cb"))
    say("registered")
    spin(loop)


@case("F07")
def f07(loop, say):
    f = loop.create_future()
    cb1 = lambda f: say("cb1")
    cb2 = lambda f: say("cb2")
    for _ in range(6):
        f.add_done_callback(cb1)
    f.add_done_callback(cb2)
    say(f.remove_done_callback(cb1), f.remove_done_callback(cb1), f.remove_done_callback(print))
    f.set_result(0)
    spin(loop)


@case("F08")
def f08(loop, say):
    f = loop.create_future()
    second = lambda f: say("second")
    f.add_done_callback(lambda f: say("first; removed", f.remove_done_callback(second)))
    f.add_done_callback(second)
    f.set_result(0)
    spin(loop)


@case("F09")
def f09(loop, say):
    report_to(loop, say)
    f = loop.create_future()
    f.add_done_callback(lambda f: 1 / 0)
    f.add_done_callback(lambda f: say("second"))
    f.set_result(0)
    spin(loop)


@case("F11")
def f11(loop, say):
    f = loop.create_future()

    async def w():
        say("waiting")
        say("got", await f)

    loop.create_task(w())
    spin(loop)
    say("set")
    f.set_result(5)
    say("after set")
    spin(loop)
    say("end")


@case("F12")
def f12(loop, say):
    report_to(loop, say)

    def mk(k):
        f = loop.create_future()
        if k in (1, 2, 3):
            f.set_exception(ValueError(k))
        if k == 2:
            f.exception()
        if k == 3:
            f.cancel()
        if k == 5:
            f.set_result(1)

    for k in range(1, 6):
        say("case", k)
        mk(k)
        gc.collect()


@case("F13")
def f13(loop, say):
    f = loop.create_future()

    async def w(n):
        say(n, "waits")
        say(n, "got", await f)
        say(n, "again", await f)

    a = loop.create_task(w("A"))
    b = loop.create_task(w("B"))
    spin(loop)
    f.set_result(9)
    loop.run_until_complete(asyncio.wait([a, b]))


@case("F15")
def f15(loop, say):
    f = loop.create_future()

    async def B():
        say("B waits")
        await f
        say("B resumed")

    async def A():
        say("A sets")
        f.set_result(None)
        say("A continues")
        await asyncio.sleep(0)
        say("A after sleep0")

    b = loop.create_task(B())
    a = loop.create_task(A())
    loop.run_until_complete(asyncio.wait([a, b]))


@case("F16")
def f16(loop, say):
    report_to(loop, say)

    async def s():
        await asyncio.sleep(1)
        say("slept")

    t = loop.create_task(s())
    spin(loop)
    t.cancel()
    spin(loop)
    say("cancelled", t.cancelled())
    loop.call_later(3, loop.stop)
    loop.run_forever()
    say("t", loop.time())


@case("F17")
def f17(loop, say):
    f = loop.create_future()

    async def w():
        try:
            await f
        except asyncio.CancelledError as e:
            say("w caught", exception(e))
            raise

    t = loop.create_task(w())
    spin(loop)
    f.cancel("m")
    spin(loop)
    spin(loop)
    say("task cancelled", t.cancelled(), "cancelling()", t.cancelling())
