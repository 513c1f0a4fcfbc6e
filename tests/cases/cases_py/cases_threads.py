import asyncio
import concurrent.futures
import threading
from asyncio import CancelledError

from harness import case, exception, spin


@case("H01", real_time=True)
def h01(loop, say):
    me = threading.get_ident()
    alive = threading.Event()

    def work():
        alive.wait()
        return threading.get_ident() != me

    def bad():
        raise ValueError("in thread")

    async def main():
        f = loop.run_in_executor(None, work)
        say(type(f).__name__, f.done())
        await asyncio.sleep(0)
        say("loop alive")
        alive.set()
        say("other thread", await f)
        try:
            await loop.run_in_executor(None, bad)
        except ValueError as e:
            say(exception(e))

    loop.run_until_complete(main())


@case("H02", real_time=True)
def h02(loop, say):
    started, may_finish, finished = (threading.Event() for _ in range(3))

    def work():
        started.set()
        may_finish.wait()
        finished.set()
        return "r"

    async def main():
        f = loop.run_in_executor(None, work)
        started.wait()
        say("running before any await")
        say("cancel ->", f.cancel())
        try:
            await f
        except CancelledError:
            say("CancelledError; finished in thread:", finished.is_set())
        may_finish.set()
        say("finished in thread:", finished.wait())

    loop.run_until_complete(main())


@case("H03", real_time=True)
def h03(loop, say):
    executor = concurrent.futures.ThreadPoolExecutor(1)
    may_finish = threading.Event()
    ran = []

    async def main():
        first = loop.run_in_executor(executor, may_finish.wait)
        second = loop.run_in_executor(executor, ran.append, 1)
        say("cancel ->", second.cancel())
        # The cancellation reaches the executor through the loop.
        await asyncio.sleep(0)
        may_finish.set()
        await first
        await loop.run_in_executor(executor, int)
        say("second ran:", bool(ran))

    loop.run_until_complete(main())
    executor.shutdown()


@case("H04", real_time=True)
def h04(loop, say):
    async def add(a, b, fail):
        await asyncio.sleep(0.001)
        if fail:
            raise RuntimeError("Fail!")
        return a + b

    def on_thread(fail):
        return asyncio.run_coroutine_threadsafe(add(1, 2, fail), loop).result()

    async def main():
        say(await loop.run_in_executor(None, on_thread, False))
        try:
            await loop.run_in_executor(None, on_thread, True)
        except RuntimeError as e:
            say(exception(e))

    loop.run_until_complete(main())


@case("H05", real_time=True)
def h05(loop, say):
    log = []
    started = threading.Event()
    ended = asyncio.Event()

    async def slow():
        started.set()
        try:
            await loop.create_future()
        except CancelledError:
            log.append("task cancelled")
            ended.set()
            raise

    def gives_up():
        f = asyncio.run_coroutine_threadsafe(slow(), loop)
        started.wait()
        try:
            f.result(0.001)
        except concurrent.futures.TimeoutError as e:
            return type(e).__name__, f.cancel()

    async def cancels_itself():
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    def sees_cancellation():
        try:
            asyncio.run_coroutine_threadsafe(cancels_itself(), loop).result()
        except concurrent.futures.CancelledError as e:
            return type(e).__module__ + "." + type(e).__name__

    async def main():
        say(await loop.run_in_executor(None, gives_up))
        await ended.wait()
        say(log)
        say(await loop.run_in_executor(None, sees_cancellation))

    loop.run_until_complete(main())


@case("H06")
def h06(loop, say):
    loop.call_soon(say, "a")
    loop.call_soon_threadsafe(say, "b")
    loop.call_soon(say, "c")
    spin(loop)


@case("H07", real_time=True)
def h07(loop, say):
    def job(may_finish, finished):
        may_finish.wait()
        finished.set()

    may_finish, finished = threading.Event(), threading.Event()

    async def main():
        loop.run_in_executor(None, job, may_finish, finished)

    loop.run_until_complete(main())
    loop.close()
    say("close waited", finished.is_set())
    may_finish.set()
    finished.wait()

    may_finish, finished = threading.Event(), threading.Event()

    async def lets_go_when_cancelled():
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            may_finish.set()

    async def main():
        asyncio.get_running_loop().run_in_executor(None, job, may_finish, finished)
        task = asyncio.create_task(lets_go_when_cancelled())
        await asyncio.sleep(0)
        return task

    asyncio.run(main())
    say("asyncio.run waited", finished.is_set())


@case("H08", real_time=True)
def h08(loop, say):
    def callback():
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(say, "of the thread"))
        thread.start()
        thread.join()
        loop.call_soon(say, "of the callback")

    loop.call_soon(callback)
    spin(loop, 2)


@case("H09", real_time=True)
def h09(loop, say):
    async def body():
        say("begins")
        try:
            await asyncio.sleep(9)
        finally:
            say("ends")

    def callback():
        # On another thread, which has cancelled before the loop takes the body.
        thread = threading.Thread(target=lambda: asyncio.run_coroutine_threadsafe(body(), loop).cancel())
        thread.start()
        thread.join()

    loop.call_soon(callback)
    spin(loop, 5)
    say("end")
