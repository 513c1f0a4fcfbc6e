"""The Python side of the benchmarks: the same operations on asyncio's loop or on uvloop.

Started by `cargo run --release -p benches`, which writes one request per line, `OPERATION REPEATS AT_ONCE` or
`memory TASKS`, and reads one number back: nanoseconds for the whole, or bytes per task.
`src/rows.rs` says in a sentence what each operation is.
"""

import asyncio
import platform
import sys
import time


async def nothing():
    pass


async def spawn_await(repeats, at_once):
    for _ in range(repeats):
        await asyncio.create_task(nothing())


async def yields(repeats, at_once):
    async def body():
        for _ in range(repeats):
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(body()) for _ in range(at_once)]
    for task in tasks:
        await task


async def call_soon(repeats, at_once):
    event_loop = asyncio.get_running_loop()

    def count():
        nonlocal left
        left -= 1
        if left == 0:
            all_ran.set_result(None)

    for _ in range(repeats):
        left = at_once
        all_ran = event_loop.create_future()
        for _ in range(at_once):
            event_loop.call_soon(count)
        await all_ran


async def call_soon_chain(repeats, at_once):
    event_loop = asyncio.get_running_loop()
    ended = event_loop.create_future()
    left = repeats

    def count():
        nonlocal left
        if left == 0:
            ended.set_result(None)
        else:
            left -= 1
            event_loop.call_soon(count)

    event_loop.call_soon(count)
    await ended


async def call_later_cancel(repeats, at_once):
    event_loop = asyncio.get_running_loop()

    def callback():
        pass

    for _ in range(repeats):
        for _ in range(at_once):
            event_loop.call_later(60, callback).cancel()
        await asyncio.sleep(0)


async def gathers(repeats, at_once):
    async def body(n):
        return n

    for _ in range(repeats):
        await asyncio.gather(*(body(n) for n in range(at_once)))


async def queue(repeats, at_once):
    items = asyncio.Queue(100)
    for n in range(repeats):
        await items.put(n)
        await items.get()


async def ping_pong(repeats, at_once):
    pings, pongs = asyncio.Queue(1), asyncio.Queue(1)

    async def answer():
        for _ in range(repeats):
            await pongs.put(await pings.get())

    answering = asyncio.create_task(answer())
    for n in range(repeats):
        await pings.put(n)
        await pongs.get()
    await answering


async def tcp_echo(repeats, at_once):
    message = bytes(64)

    async def answer(reader, writer):
        for _ in range(repeats):
            writer.write(await reader.readexactly(len(message)))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    for _ in range(repeats):
        writer.write(message)
        await writer.drain()
        await reader.readexactly(len(message))
    writer.close()
    server.close()


async def timers(repeats, at_once):
    delays = ((1_000 + n * 7_919 % 9_000) / 1e6 for n in range(at_once))
    tasks = [asyncio.create_task(asyncio.sleep(delay)) for delay in delays]
    for task in tasks:
        await task


async def spawn_yield(repeats, at_once):
    async def body():
        await asyncio.sleep(0)

    for _ in range(repeats):
        tasks = [asyncio.create_task(body()) for _ in range(at_once)]
        for task in tasks:
            await task


OPERATIONS = [
    spawn_await,
    yields,
    call_soon,
    call_soon_chain,
    call_later_cancel,
    gathers,
    queue,
    ping_pong,
    tcp_echo,
    timers,
    spawn_yield,
]


def measure(run, operation, repeats, at_once):
    # Waiting for a timer costs nothing, so the timers are measured in CPU time.
    clock = time.process_time_ns if operation is timers else time.perf_counter_ns

    async def main():
        start = clock()
        await operation(repeats, at_once)
        return clock() - start

    return run(main())


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096


def measure_memory(run, tasks):
    async def main():
        never = asyncio.get_running_loop().create_future()

        async def body():
            await never

        before = resident()
        idle = [asyncio.create_task(body()) for _ in range(tasks)]
        await asyncio.sleep(0)
        after = resident()
        never.set_result(None)
        await asyncio.wait(idle)
        return (after - before) // tasks

    return run(main())


def main():
    versions = f"{platform.python_implementation()} {platform.python_version()}"
    run = asyncio.run
    if sys.argv[1] == "uvloop":
        try:
            import uvloop
        except ImportError:
            return
        versions += f" with uvloop {uvloop.__version__}"
        run = uvloop.run
    print("ready", versions, flush=True)
    operations = {operation.__name__: operation for operation in OPERATIONS}
    for line in sys.stdin:
        name, *numbers = line.split()
        numbers = [int(number) for number in numbers]
        if name == "memory":
            try:
                answer = measure_memory(run, *numbers)
            except FileNotFoundError:
                answer = "not measured"
        else:
            answer = measure(run, operations[name], *numbers)
        print(answer, flush=True)


main()
