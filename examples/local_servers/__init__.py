"""Servers on this machine for the twin `clients.py`: honest ones, and bad ones, all by hand.

Each listens on a port that the system chooses, and ends with the loop that it was started on.
"""

import asyncio
import contextlib
import hashlib
import socket
import struct


class Server:
    """A running server, and what it has seen."""

    def __init__(self):
        self.requests = []
        self.most_at_once = 0
        self._now = 0
        # The loop itself keeps only weak references to tasks.
        self._handling = set()

    async def listen(self, handle):
        async def handle_quietly(reader, writer):
            self._handling.add(asyncio.current_task())
            # A server that waits for ever is cancelled at the end.
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await handle(reader, writer)
            writer.close()
            self._handling.discard(asyncio.current_task())

        self._listening = await asyncio.start_server(handle_quietly, "127.0.0.1", 0)
        self.address = self._listening.sockets[0].getsockname()
        return self

    def url(self, path):
        return f"http://127.0.0.1:{self.address[1]}/{path}"

    @contextlib.contextmanager
    def in_work(self, request):
        """Counts a request as long as it is in work."""
        self.requests.append(request)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            yield
        finally:
            self._now -= 1


async def read_head(reader):
    """Reads the first line and the headers of a request or an answer."""
    lines = []
    while line := (await reader.readline()).strip():
        lines.append(line.decode("latin-1"))
    pairs = [line.partition(":") for line in lines[1:]]
    return (lines or [""])[0], {name.lower(): value.strip() for name, _, value in pairs}


def answer(status, body, **headers):
    """An answer with its length; the closing of the connection comes with it."""
    headers = {"Content-Length": len(body), "Connection": "close"} | headers
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


class Gate:
    """Keeps requests waiting until so many are there; from then on it is open."""

    def __init__(self, wanted):
        self._wanted = wanted
        self._open = asyncio.Event()

    async def go_through(self):
        self._wanted -= 1
        if self._wanted <= 0:
            self._open.set()
        await self._open.wait()


class Site:
    """An honest HTTP server: files with a length, a tag for each version of each, ranges, and redirects."""

    def __init__(self, files, tags=True, ranges=True, gate=None):
        self.files, self.tags, self.ranges = files, tags, ranges
        self.gate = gate or Gate(0)

    async def serve(self):
        server = Server()

        async def handle(reader, writer):
            request, headers = await read_head(reader)
            writer.write(await self._answer(server, request.removesuffix(" HTTP/1.1"), headers))
            await writer.drain()

        return await server.listen(handle)

    async def _answer(self, server, request, headers):
        path = request.partition(" ")[2].lstrip("/")
        if path == "loop":
            return answer("303 See Other", b"", Location="/loop")
        if path.startswith("moved/"):
            return answer("303 See Other", b"", Location=path.removeprefix("moved"))
        asked = headers.get("range")
        with server.in_work(" ".join(filter(None, [request, asked]))):
            await self.gate.go_through()
        file = self.files.get(path)
        if file is None:
            return answer("404 Not Found", b"")
        tag = f'"{hashlib.sha256(file).hexdigest()}"'
        more = {"ETag": tag} if self.tags else {}
        if asked and self.ranges and headers.get("if-range", tag) == tag:
            begin = int(asked.removeprefix("bytes=").removesuffix("-"))
            more["Content_Range"] = f"bytes {begin}-{len(file) - 1}/{len(file)}"
            return answer("206 Partial Content", file[begin:], **more)
        return answer("200 OK", file, **more)


async def bad_line(server, count, stalls=False):
    """Stands between a client and the server: it lets through so many bytes of the first answer's body, and later ones whole.

    Then it closes the connection, or it stalls: it lets nothing more through.
    """
    line = Server()
    line.requests = server.requests
    bad = iter([True])

    async def handle(reader, writer):
        is_bad = next(bad, False)
        from_server, to_server = await asyncio.open_connection(*server.address)
        to_server.write(await reader.readuntil(b"\r\n\r\n"))
        writer.write(await from_server.readuntil(b"\r\n\r\n"))
        body = await from_server.read()
        to_server.close()
        writer.write(body[:count] if is_bad else body)
        await writer.drain()
        if is_bad and stalls:
            await asyncio.Event().wait()

    return await line.listen(handle)


RESET = object()


class Silence(bytes):
    """Is sent, and then nothing for ever."""


class Drip(bytes):
    """Is sent, and then a byte every few milliseconds for ever."""


async def scripted(*answers):
    """A server that gives the answers in turn, one to each connection; the last one is for all that follow."""
    server = Server()
    left = list(answers)

    async def handle(reader, writer):
        said = left.pop(0) if len(left) > 1 else left[0]
        request, _ = await read_head(reader)
        with server.in_work(request.removesuffix(" HTTP/1.1")):
            if said is RESET:
                # Closing then means: throw away what is unsent, and tell the client's system at once.
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return
            writer.write(said)
            await writer.drain()
            if isinstance(said, Silence):
                await asyncio.Event().wait()
            while isinstance(said, Drip):
                await asyncio.sleep(0.002)
                writer.write(b".")
                await writer.drain()

    return await server.listen(handle)


async def three_hosts():
    """Starts hosts that answer in turn, a header line each: the next one speaks when the cue has come.

    Real hosts speak when they like. These wait for each other, so that what the clients print is the same in every run.
    Gives their addresses, and the cue: a function to call when a line was printed.
    """
    clients = [asyncio.get_running_loop().create_future() for _ in range(3)]
    cues = asyncio.Queue()

    async def take_turns():
        for line in ["HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Length: 10", ""]:
            for client in await asyncio.gather(*clients):
                client.write(f"{line}\r\n".encode())
                # Nobody prints the empty line.
                if line:
                    await cues.get()
        for client in clients:
            client.result().close()

    async def serve(number):
        async def handle(reader, writer):
            await read_head(reader)
            clients[number].set_result(writer)
            await turns

        return await Server().listen(handle)

    turns = asyncio.create_task(take_turns())
    hosts = [await serve(number) for number in range(3)]
    return [host.address for host in hosts], lambda: cues.put_nowait(None)
