"""The Python twin of tcp_server.rs: it prints the same lines.

Run it with `python3 examples/tcp_server.py`; add `--help` for its parts.
With `--serve` it serves at 127.0.0.1:8888 until Ctrl-C, and you talk to it with `nc 127.0.0.1 8888`.
"""

import asyncio
import re
import sys

import serving
from support import run, run_main, seconds

GREETING = b"Welcome. Commands: add NUMBER..., shutdown\n"
LONGEST_LINE = 1024
GRACE = 1


def truth(value):
    return str(value).lower()


class Calculator:
    """Bytes in, answers out: one client's side of the talk."""

    def __init__(self):
        self.line = b""
        self.too_long = False

    def receive(self, data):
        """Takes what has arrived; gives the answers, and whether the client wants the server to end."""
        answers = []
        for piece in re.findall(rb"[^\n]*\n|[^\n]+", data):
            part = piece.removesuffix(b"\n")
            if len(self.line) + len(part) > LONGEST_LINE and not self.too_long:
                self.too_long = True
                answers.append(f"Error: a line has more than {LONGEST_LINE} bytes")
                self.line = b""
            if not self.too_long:
                self.line += part
            if piece.endswith(b"\n"):
                line, too_long = self.line, self.too_long
                self.line, self.too_long = b"", False
                if not too_long:
                    answers += command(line)
            if answers and answers[-1] == "Shutting down":
                break
        text = "".join(answer + "\n" for answer in answers)
        return text.encode(), answers[-1:] == ["Shutting down"]


def command(line):
    """The answer to a line, in a list; an empty line has none."""
    try:
        line = line.decode().strip()
    except UnicodeDecodeError:
        return ["Error: the line is not UTF-8"]
    match line.split():
        case []:
            return []
        case ["add", *numbers]:
            try:
                return [str(add(numbers))]
            except ValueError as error:
                return [f"Error: {error}"]
        case ["shutdown"]:
            return ["Shutting down"]
    return [f"Invalid command: {line}"]


def add(numbers):
    """Adds as many bits as Rust does, and takes no 1_000, which int() would."""
    total = 0
    for number in numbers:
        if not re.fullmatch("[+-]?[0-9]+", number):
            raise ValueError(f"{number} is not a whole number")
        total += bounded(int(number), number)
    return bounded(total, "the sum")


def bounded(number, name):
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{name} needs more than 64 bits")
    return number


class Session(asyncio.Protocol):
    """The calculator as a protocol: the loop calls it."""

    def __init__(self, server):
        self.calculator = Calculator()
        self.server = server

    def connection_made(self, transport):
        self.transport = transport
        self.server.transports.add(transport)
        transport.write(GREETING)

    def data_received(self, data):
        text, shutdown = self.calculator.receive(data)
        self.transport.write(text)
        if shutdown:
            self.server.stop.set()

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def connection_lost(self, error):
        if error:
            print("a client was lost:", error, file=sys.stderr)
        self.server.transports.discard(self.transport)
        self.server.changed.set()


class Server:
    """A server and its connections; since Python 3.13 asyncio.Server knows them itself."""

    def __init__(self, stop):
        self.stop = stop
        self.transports = set()
        self.changed = asyncio.Event()

    async def start(self, host="127.0.0.1", port=0):
        loop = asyncio.get_running_loop()
        self.listening = await loop.create_server(lambda: Session(self), host, port)
        self.address = self.listening.sockets[0].getsockname()
        return self

    async def finish(self):
        """Ends the server; true if every client took in time what was left for it."""
        self.listening.close()
        for transport in self.transports:
            transport.close()
        try:
            await asyncio.wait_for(self.all_gone(), GRACE)
            return True
        except TimeoutError:
            for transport in self.transports:
                transport.abort()
            await self.all_gone()
            return False

    async def all_gone(self):
        while self.transports:
            self.changed.clear()
            await self.changed.wait()


async def start():
    return await Server(asyncio.Event()).start()


class Client:
    """The other end of a connection."""

    @classmethod
    async def connect(cls, address):
        """Connects, and reads the greeting."""
        self = cls()
        self.reader, self.writer = await asyncio.open_connection(*address)
        await self.reader.readline()
        return self

    def send(self, data):
        self.writer.write(data)

    async def line(self):
        return await read_line(self.reader)

    async def ask(self, line):
        self.send(f"{line}\n".encode())
        return await self.line()

    def close(self):
        self.writer.close()


async def read_line(reader):
    line = await reader.readline()
    return line.removesuffix(b"\n").decode() if line.endswith(b"\n") else "(end)"


async def conversation():
    server = await start()
    client = asyncio.create_task(say_everything(server.address))
    await server.stop.wait()
    in_time = await server.finish()
    await client
    print(f"stopped; every client in time: {truth(in_time)}")


async def say_everything(address):
    """Says every kind of line, and prints what is said."""
    reader, writer = await asyncio.open_connection(*address)
    print("<", await read_line(reader))
    for line in ["add 1 2 3", "add 1 two", "add 9223372036854775807 1", "multiply 2 3", "", "shutdown"]:
        writer.write(f"{line}\n".encode())
        if not line:
            print("> (an empty line)")
        else:
            print(">", line)
            print("<", await read_line(reader))
    print("<", await read_line(reader))
    writer.close()


async def conversation_with_tasks():
    """Streams in the place of a protocol: asyncio runs a task for each client, as the Rust program does with Tokio."""
    stop, tasks = asyncio.Event(), set()

    async def talk(reader, writer):
        tasks.add(asyncio.current_task())
        calculator = Calculator()
        writer.write(GREETING)
        stopping = asyncio.create_task(stop.wait())
        while not stop.is_set():
            reading = asyncio.create_task(reader.read(16 * 1024))
            await asyncio.wait([reading, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not reading.done() or not reading.result():
                reading.cancel()
                break
            text, shutdown = calculator.receive(reading.result())
            writer.write(text)
            await writer.drain()
            if shutdown:
                stop.set()
        stopping.cancel()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    client = asyncio.create_task(say_everything(server.sockets[0].getsockname()))
    await stop.wait()
    server.close()
    done, late = await asyncio.wait(tasks, timeout=GRACE)
    await client
    print(f"stopped; every client in time: {truth(not late)}")


async def packets():
    sent = b"add 1 2\r\nadd 3 4\n\nmultiply\nadd 5 6\nadd 7"
    differing = 0
    for cut in range(len(sent) + 1):
        calculator = Calculator()
        text = calculator.receive(sent[:cut])[0] + calculator.receive(sent[cut:])[0]
        if text != b"3\n7\nInvalid command: multiply\n11\n":
            differing += 1
    print(f"{len(sent) + 1} cuts, {differing} change the answers")

    server = await start()
    client = await Client.connect(server.address)
    client.send(b"add 1 2\nadd 3 4\nadd 5 6\n")
    for _ in range(3):
        print("three in one packet:", await client.line())
    other = await Client.connect(server.address)
    for part in [b"ad", b"d 1 2 ", b"3\n"]:
        client.send(part)
        await other.ask("add 0")  # When the other has its answer, the server has read the part, too.
    print("one in three packets:", await client.line())
    client.send(b"add 1 2\nadd 1 2")
    client.writer.write_eof()
    print("before the end:", await client.line())
    print("half a line at the end:", await client.line())
    client.close()
    other.close()
    await server.finish()


async def bad_input():
    server = await start()
    client = await Client.connect(server.address)
    client.send(b"1" * 100_000)
    print("100000 bytes and no end:", await client.line())
    print("the end, and a command:", await client.ask("\nadd 1 2"))
    client.send(b"add \xff\xfe\n")
    print("no text:", await client.line())
    print("text:", await client.ask("add 3 4"))
    client.writer.transport.abort()
    other = await Client.connect(server.address)
    print("after a client broke off:", await other.ask("add 5 6"))
    other.close()
    await server.finish()


async def flood(client):
    """Sends lines until the server holds it back; true if that happens before the count of bytes is absurd."""
    line = b"x" * (LONGEST_LINE - 1) + b"\n"
    client.sent = 0

    async def sending():
        while client.sent < 64 * 1024:
            client.send(line)
            client.sent += 1
            await client.writer.drain()

    try:
        await asyncio.wait_for(sending(), 1)
        return False
    except TimeoutError:
        return True


async def slow():
    server = await start()
    slow = await Client.connect(server.address)
    print("held back:", truth(await flood(slow)))
    other = await Client.connect(server.address)
    print("another client meanwhile:", await other.ask("add 1 2"))
    answers = 0
    while answers < slow.sent and (await slow.line()).startswith("Invalid command: xxx"):
        answers += 1
    print("then it reads, and has every answer:", truth(answers == slow.sent))
    slow.close()
    other.close()
    await server.finish()


async def thousand():
    clients = 1000
    allow_open_files(2 * clients + 100)
    server = await start()
    all_here = asyncio.Barrier(clients)
    line = asyncio.Semaphore(100)  # The system keeps a line of those that are not accepted yet, and it is not endless.
    connected = 0

    async def one(number):
        nonlocal connected
        async with line:
            client = await Client.connect(server.address)
        connected += 1
        await all_here.wait()
        answer = await client.ask(f"add {number} {connected}")
        client.close()
        return answer == str(number + clients)

    answers = await asyncio.gather(*[one(number) for number in range(clients)])
    print("connected at once:", connected)
    print("right answers:", sum(answers))
    await server.finish()


def allow_open_files(count):
    """Each end of a connection is an open file, and many systems allow a process few unless it asks for more."""
    try:
        import resource
    except ImportError:
        return  # Windows has no such limit.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
        except ValueError:
            sys.exit(f"error: this system does not allow {count} open files")


async def shutdown():
    server = await start()
    idle = await Client.connect(server.address)
    slow = await Client.connect(server.address)
    print("held back:", truth(await flood(slow)))
    asking = await Client.connect(server.address)
    print("the one who asks:", await asking.ask("shutdown"))
    await server.stop.wait()
    now = asyncio.get_running_loop().time
    told = now()
    finishing = asyncio.create_task(server.finish())
    print("the one who asked:", await asking.line())
    print("the idle one:", await idle.line())
    try:
        await asyncio.open_connection(*server.address)
        refused = False
    except OSError:
        refused = True
    print("a new one is refused:", truth(refused))
    print("every client in time:", truth(await finishing))
    print("ended after", seconds(now() - told))
    for client in [idle, slow, asking]:
        client.close()


async def serve(host, port, stop):
    server = await Server(stop).start(host, port)
    print("listening at {}:{}".format(*server.address[:2]), flush=True)
    await stop.wait()
    print("stopping")
    print("stopped; every client in time:", truth(await server.finish()))


def main(function):
    return lambda loop: run_main(loop, function())


if sys.argv[1:2] == ["--serve"]:
    serving.serve(sys.argv[2:], "127.0.0.1:8888", serve)
else:
    run(
        "TCP servers: a line protocol, with clients that behave and clients that do not. "
        "To talk to it yourself, with `nc 127.0.0.1 8888`, say, until Ctrl-C: --serve [ADDRESS:PORT]",
        [
            ("conversation", "a protocol, and a client that says everything there is to say", main(conversation)),
            ("task_each", "the same conversation with a task for each client", main(conversation_with_tasks)),
            ("packets", "commands that are cut, and commands that arrive together", main(packets)),
            ("bad_input", "a line without an end, and bytes that are no text", main(bad_input)),
            ("slow", "a client that sends and sends, and reads nothing", main(slow)),
            ("thousand", "a thousand clients at once on one loop", main(thousand)),
            ("shutdown", "an end with clients connected", main(shutdown)),
        ],
    )
