"""The Python twin of http_server.rs: it prints the same lines. The standard library has no such server, so this one is by hand.

Run it with `python3 examples/http_server.py`; add `--help` for its parts. The part `hundred` takes half a second.
With `--serve` it serves at http://127.0.0.1:8080/ until Ctrl-C.
"""

import asyncio
import html
import sys
from urllib.parse import unquote

import serving
from support import run, run_main, seconds

INDEX = "<h1>Index</h1>"
WAIT = 0.5
GRACE = 1
LONGEST_HEAD = 8 * 1024


def truth(value):
    return str(value).lower()


class Server:
    """Serves a client in a task, one request after another."""

    def __init__(self):
        self.clients = set()
        self.idle = set()
        self.stopping = False

    async def start(self, host="127.0.0.1", port=0):
        self.listening = await asyncio.start_server(self.talk, host, port, limit=LONGEST_HEAD)
        self.address = self.listening.sockets[0].getsockname()
        return self

    async def talk(self, reader, writer):
        task = asyncio.current_task()
        self.clients.add(task)
        keep = True
        try:
            while keep and not self.stopping:
                self.idle.add(task)
                head = await reader.read(1)
                self.idle.discard(task)
                head += await reader.readuntil(b"\r\n\r\n")
                status, body = await answer(head)
                keep = b"connection: close" not in head and not status.startswith("4")
                writer.write(page(status, body, keep))
                await writer.drain()
        except asyncio.LimitOverrunError:
            writer.write(page("431 Request Header Fields Too Large", "<p>the head is too long</p>", False))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # The client left, or the server ends.
        finally:
            self.idle.discard(task)
            self.clients.discard(task)
            writer.close()

    async def finish(self):
        """Ends the server; true if every request that had begun was answered in time."""
        self.stopping = True
        self.listening.close()
        for task in self.idle:
            task.cancel()
        late = []
        if self.clients:
            _, late = await asyncio.wait(self.clients, timeout=GRACE)
        for task in late:
            task.cancel()
        return not late


async def answer(head):
    """The status and the body that answer a request."""
    request, *headers = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    match request.split(" "):
        case [method, target, "HTTP/1.0" | "HTTP/1.1"]:
            path = target.partition("?")[0]
        case _:
            return "400 Bad Request", ""
    if len(headers) > 100:
        return "431 Request Header Fields Too Large", ""
    name = path.removeprefix("/hello/") if path.startswith("/hello/") else ""
    if path != "/" and (not name or "/" in name):
        return "404 Not Found", f"<p>there is no page {html.escape(path)}</p>"
    if method != "GET":
        return "405 Method Not Allowed", "<p>only GET is allowed</p>"
    if path == "/":
        return "200 OK", INDEX
    try:
        name = unquote(name, errors="strict")
    except UnicodeDecodeError:
        return "400 Bad Request", "<p>the name is not UTF-8</p>"
    await asyncio.sleep(WAIT)
    return "200 OK", f"<h1>hello, {html.escape(name)}!</h1>"


def page(status, body, keep):
    body = body.encode()
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + (b"" if keep else b"connection: close\r\n") + b"\r\n" + body


def request(method, path):
    return f"{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode()


async def exchange(address, data):
    """Sends bytes on a connection of their own, and reads to its end."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(data)
    answer = await reader.read()
    writer.close()
    return answer.decode()


def parse(answer):
    """The line with the status, without the version, and the body."""
    head, _, body = answer.partition("\r\n\r\n")
    return head.split("\r\n")[0].removeprefix("HTTP/1.1 "), body


async def get(address, path):
    return parse(await exchange(address, request("GET", path)))


async def served_by_hand():
    server = await Server().start()
    for line in (await exchange(server.address, request("GET", "/"))).split("\r\n"):
        print(f"< {line}".rstrip())
    now = asyncio.get_running_loop().time
    started = now()
    answers = await asyncio.gather(*[get(server.address, f"/hello/{number}") for number in range(100)])
    took = now() - started
    print("right answers:", count_right(answers))
    print("all after", seconds(took))
    await server.finish()


def count_right(answers):
    return sum(body == f"<h1>hello, {number}!</h1>" for number, (_, body) in enumerate(answers))


async def ask_for_pages():
    server = await Server().start()
    for method, path in [
        ("GET", "/"),
        ("GET", "/hello/Ada"),
        ("GET", "/hello/Ada?loud=1"),
        ("GET", "/hello"),
        ("GET", "/hello/"),
        ("GET", "/hello/Ada/Grace"),
        ("GET", "/nowhere"),
        ("POST", "/hello/Ada"),
    ]:
        status, body = parse(await exchange(server.address, request(method, path)))
        print(f"{method} {path}: {status}: {body}")
    await server.finish()


async def greet():
    server = await Server().start()
    for name in [
        "J%C3%BCrgen",
        "Ada%20Lovelace",
        "a%2Fb",
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "%26lt%3B",
        "%22%20onclick='steal()",
        "100%25",
        "%FF",
    ]:
        _, body = await get(server.address, f"/hello/{name}")
        print(f"{name}: {body}")
    await server.finish()


async def a_hundred_at_once():
    server = await Server().start()
    now = asyncio.get_running_loop().time
    quickest = float("inf")
    for _ in range(3):
        started = now()
        answers = await asyncio.gather(*[get(server.address, f"/hello/{number}") for number in range(100)])
        quickest = min(quickest, now() - started)
        # A machine that is busy with something else has three tries.
        if quickest <= 1.0:
            break
    print("right answers:", count_right(answers))
    # A timer may fire as much too early as the clock is coarse.
    print("each waited for 0.5 s:", truth(quickest >= WAIT - 0.02))
    print("all within 1.0 s:", truth(quickest <= 1.0))
    await server.finish()


async def send_nonsense():
    server = await Server().start()
    many = "x: y\r\n" * 200
    for what, text in [
        ("no request", "good morning\r\n\r\n"),
        ("no version", "GET /\r\n\r\n"),
        ("200 headers", f"GET / HTTP/1.1\r\nconnection: close\r\n{many}\r\n"),
    ]:
        status, _ = parse(await exchange(server.address, text.encode()))
        print(f"{what}: {status}")
    _, leaving = await asyncio.open_connection(*server.address)
    leaving.write(b"GET /hello/no")
    leaving.close()
    status, _ = await get(server.address, "/")
    print("after half a request:", status)
    await server.finish()


async def shut_down():
    server = await Server().start()
    idle, idle_writer = await asyncio.open_connection(*server.address)
    idle_writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
    print("the idle one:", parse((await idle.read(1024)).decode())[1])
    _, half = await asyncio.open_connection(*server.address)
    half.write(b"GET /hello/never HTTP/1.1\r\n")
    in_work = asyncio.create_task(get(server.address, "/hello/late"))
    await asyncio.sleep(WAIT / 5)
    now = asyncio.get_running_loop().time
    told = now()
    finishing = asyncio.create_task(server.finish())
    print("the idle one, told:", len(await idle.read(1024)), "bytes")
    print("in work:", (await in_work)[1])
    try:
        await asyncio.open_connection(*server.address)
        refused = False
    except OSError:
        refused = True
    print("a new one is refused:", truth(refused))
    print("after", seconds(now() - told))
    in_time = await finishing
    print("every client in time:", truth(in_time))
    print("after", seconds(now() - told))
    idle_writer.close()
    half.close()


async def serve(host, port, stop):
    server = await Server().start(host, port)
    print("listening at http://{}:{}/".format(*server.address[:2]), flush=True)
    await stop.wait()
    print("stopped; every client in time:", truth(await server.finish()))


def main(function):
    return lambda loop: run_main(loop, function())


def real(function):
    return lambda _: asyncio.run(function())


if sys.argv[1:2] == ["--serve"]:
    serving.serve(sys.argv[2:], "127.0.0.1:8080", serve)
else:
    run(
        "HTTP servers: pages, names that bite, a hundred at once, and a graceful end. "
        "To look at the pages yourself, until Ctrl-C: --serve [ADDRESS:PORT]",
        [
            ("by_hand", "what a server says, and a hundred at once on one loop", main(served_by_hand)),
            ("pages", "a router, and what it does not know", main(ask_for_pages)),
            ("names", "names are escaped", main(greet)),
            ("hundred", "a hundred at once, in real time", real(a_hundred_at_once)),
            ("bad_input", "what is no request", main(send_nonsense)),
            ("shutdown", "an end with requests in work", main(shut_down)),
        ],
    )
