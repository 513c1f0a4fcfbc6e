"""The Python twin of subprocesses.rs: it prints the same lines.

Run it with `python3 examples/subprocesses.py`; add `--help` for its parts. The parts `stubborn` and `deaf` need Unix,
`zombie` needs Linux; elsewhere they say so.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager

from support import run


def truth(value):
    return str(value).lower()


def shout():
    """The child that sends every line back in capital letters."""
    for line in sys.stdin:
        print(line.rstrip().upper(), flush=True)


def pour():
    """The child that writes a million bytes; a pipe holds far fewer."""
    for _ in range(10_000):
        print("x" * 99)


def paced(name):
    """The child that writes a line for each line that it reads."""
    for number, _ in enumerate(sys.stdin, 1):
        print(name, number, flush=True)


def hasty(name):
    """The child that does not wait."""
    for number in range(1, 101):
        print(name, number)


@asynccontextmanager
async def started(*command):
    """A child process with pipes; it does not outlive the block, and does not stay as a zombie."""
    child = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def read_line(child):
    return (await child.stdout.readline()).decode().rstrip()


async def write_line(child, line):
    child.stdin.write(f"{line}\n".encode())
    await child.stdin.drain()


def this_program(*role):
    """This very program, in another role."""
    return [sys.executable, __file__, *role]


def date_command():
    if sys.platform == "win32":
        return ["powershell", "Get-Date -Format yyyy-MM-dd"]
    return ["date", "+%Y-%m-%d"]


async def date():
    async with started(*date_command()) as child:
        line = await read_line(child)
        print("form:", re.sub(r"\d", "0", line))
        print("more:", truth(bool(await read_line(child))))
        print("success:", truth(await child.wait() == 0))
    try:
        await asyncio.create_subprocess_exec("no-such-program")
    except FileNotFoundError:
        print("missing: true")


async def talk():
    async with started(*this_program("shout")) as child:
        for word in ["green", "herbal"]:
            await write_line(child, word)
            print(f"{word}: {await read_line(child)}")
        child.stdin.close()
        print("more:", truth(bool(await read_line(child))))
        print("code:", await child.wait())


async def in_time(awaitable):
    try:
        await asyncio.wait_for(awaitable, 0.02)
        return True
    except TimeoutError:
        return False


async def limit():
    # It waits for a line that never comes.
    async with started(*this_program("shout")) as child:
        print("in time:", truth(await in_time(child.wait())))
        child.kill()
        print("success:", truth(await child.wait() == 0))
        print("more:", truth(bool(await read_line(child))))


def state(process):
    """Says in what state Linux has a process: Z is a zombie."""
    try:
        with open(f"/proc/{process}/stat") as file:
            # The name before it stands in parentheses and may contain any character.
            return file.read().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return None


async def zombie():
    if sys.platform != "linux":
        print("this part needs Linux")
        return
    # asyncio waits for its children by itself, so this one is made without it.
    child = subprocess.Popen(this_program("shout"), stdin=PIPE)
    print("alive:", truth(state(child.pid) is not None))
    child.kill()
    while state(child.pid) != "Z":
        await asyncio.sleep(0.001)
    print("killed: a zombie")
    child.wait()
    child.stdin.close()
    print("waited for:", "gone" if state(child.pid) is None else "still there")

    ids = asyncio.Queue()

    async def waits():
        async with started(*this_program("shout")) as child:
            ids.put_nowait(child.pid)
            await child.wait()

    task = asyncio.create_task(waits())
    process = await ids.get()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("the task that waited: cancelled")
    print("its child:", "gone" if state(process) is None else "still there")


async def stubborn():
    if os.name != "posix":
        print("this part needs Unix")
        return
    async with started("sh", "-c", "trap '' TERM; echo ready; read line") as child:
        print(await read_line(child))
        child.send_signal(signal.SIGTERM)
        print("ended after SIGTERM:", truth(await in_time(child.wait())))
        child.kill()
        print("ended by signal", -await child.wait())


async def flood():
    async with started(*this_program("pour")) as child:
        print("ended while nobody read:", truth(await in_time(child.wait())))
        print("read", len(await child.stdout.read()), "bytes")
        print("success:", truth(await child.wait() == 0))


async def deaf():
    if os.name != "posix":
        print("this part needs Unix")
        return
    async with started("sh", "-c", "exec <&-; echo closed; exec sleep 10") as child:
        print(await read_line(child))
        try:
            await write_line(child, "are you there?")
        except (BrokenPipeError, ConnectionResetError):
            print("broken pipe: true")
        print("the child goes on:", truth(child.returncode is None))


async def several():
    names = ["A", "B", "C"]
    async with (
        started(*this_program("paced", "A")) as first,
        started(*this_program("paced", "B")) as second,
        started(*this_program("paced", "C")) as third,
    ):
        for _ in range(2):
            for child in [first, second, third]:
                await write_line(child, "next")
                print(await read_line(child))

    # Now nobody is paced, and the order of the children's lines among each other is nobody's promise.
    lines = asyncio.Queue()

    async def read(name):
        async with started(*this_program("hasty", name)) as child:
            while line := await read_line(child):
                await lines.put(line)
            await child.wait()

    await asyncio.gather(*[read(name) for name in names])
    every = [lines.get_nowait() for _ in range(lines.qsize())]
    print("lines:", len(every))
    in_order = all(
        [line for line in every if line.startswith(name)] == [f"{name} {number}" for number in range(1, 101)]
        for name in names
    )
    print("each child's lines are whole and in order:", truth(in_order))


def real(function):
    """The children's time is real, so the virtual clock is of no use here."""
    return lambda _: asyncio.run(function())


match sys.argv[1:]:
    case ["shout"]:
        shout()
    case ["pour"]:
        pour()
    case ["paced", name]:
        paced(name)
    case ["hasty", name]:
        hasty(name)
    case _:
        run(
            "Subprocesses: other programs as children, their output line by line, and their end.",
            [
                ("date", "run a program, read a line, wait for its end", real(date)),
                ("talk", "questions and answers through pipes", real(talk)),
                ("limit", "a child that takes too long is killed", real(limit)),
                ("zombie", "what is left of a child that nobody waits for", real(zombie)),
                ("stubborn", "a child that ignores the polite signal", real(stubborn)),
                ("flood", "a child that writes more than a pipe holds", real(flood)),
                ("deaf", "a child that closes its input", real(deaf)),
                ("several", "three children at once, line by line", real(several)),
            ],
        )
