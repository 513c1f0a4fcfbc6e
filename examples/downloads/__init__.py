"""Downloads into files, as the twin `clients.py` makes them: a small HTTP client by hand on asyncio's streams."""

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from local_servers import read_head


class Failure(Exception):
    """Says why a download failed, in one sentence, and whether the same request may well succeed a moment later."""

    def __init__(self, sentence, worth_a_retry):
        super().__init__(sentence)
        self.worth_a_retry = worth_a_retry


def status_failure(status):
    worth = status in (408, 429, 500, 502, 503, 504)
    return Failure(f"the server answered {status} {HTTPStatus(status).phrase}", worth)


@dataclass
class Limits:
    """What a downloader allows; times are in seconds."""

    per_host: int = 4
    idle: float = 20
    total: float | None = None
    redirects: int = 5
    tries: int = 4
    pause: float = 1


@dataclass
class Answer:
    status: int
    headers: dict
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@contextlib.asynccontextmanager
async def request(method, url, headers=None, body=b"", idle=20.0, redirects=5):
    """Asks a server, follows redirects, and gives the answer with its body still unread."""
    for _ in range(redirects + 1):
        parts = urlsplit(url)
        try:
            async with asyncio.timeout(idle):
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        except TimeoutError:
            raise Failure("no answer in time", True) from None
        except OSError as error:
            raise Failure("cannot connect", True) from error
        try:
            lines = {"Host": parts.netloc, "Connection": "close", "Content-Length": len(body)} | (headers or {})
            text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            writer.write(f"{method} {parts.path or '/'} HTTP/1.1\r\n{text}\r\n".encode() + body)
            async with asyncio.timeout(idle):
                first, found = await read_head(reader)
            if not first:
                raise Failure("the connection was lost", True)
            if not first.startswith("HTTP/1."):
                raise Failure("the answer is not HTTP", False)
            answer = Answer(int(first.split()[1]), found, reader, writer)
            if answer.status not in (301, 302, 303, 307, 308):
                yield answer
                return
            url = urljoin(url, found["location"])
        except TimeoutError:
            raise Failure("no answer in time", True) from None
        except ConnectionError as error:
            raise Failure("the connection was lost", True) from error
        finally:
            writer.close()
    raise Failure("too many redirects", False)


async def chunks(answer, idle=20.0):
    """Gives the body as it comes. It may end early: the caller counts."""
    try:
        while True:
            async with asyncio.timeout(idle):
                chunk = await answer.reader.read(65536)
            if not chunk:
                return
            yield chunk
    except ConnectionError:
        return


async def retry(tries, pause, report, attempt):
    """Tries until it works, until a failure is not worth a retry, or until the tries are used up.

    Only what may happen twice is tried twice: the attempt must be idempotent, as a GET is.
    """
    for _ in range(tries - 1):
        try:
            return await attempt()
        except Failure as failure:
            if not failure.worth_a_retry:
                raise
            report(failure, pause)
        await asyncio.sleep(pause)
        pause = min(30, 2 * pause)
    return await attempt()


def part_of(target):
    """Gives the temporary name of a file."""
    return Path(f"{target}.part")


def origin_of(target):
    """Gives the name of the note that says of what the part is a part."""
    return Path(f"{target}.part.origin")


class Partial:
    """A download under a temporary name; nothing but `finish` makes a file under the final name.

    A part whose version the server has named stays when the download ends early, with a note that holds its address and the
    name of its version. Any other part is of no use later, and is removed.
    """

    def __init__(self, target, url):
        self.target, self.url = target, url
        self.version, self.length, self.file, self.is_useless = None, 0, None, False
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            origin, _, version = origin_of(target).read_text().partition("\n")
            length = part_of(target).stat().st_size
            if origin == url and length > 0:
                self.version, self.length = version, length

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.file:
            self.file.close()
        if self.is_useless:
            part_of(self.target).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _writing(self):
        try:
            yield
        except OSError as error:
            raise Failure(f"cannot write {part_of(self.target)}", False) from error

    def start_afresh(self, version):
        with self._writing():
            # The order matters: at no moment does a note stand beside bytes of another version.
            origin_of(self.target).unlink(missing_ok=True)
            self.version, self.length = None, 0
            self.file = open(part_of(self.target), "wb", buffering=0)
            self.is_useless = True
            if version:
                origin_of(self.target).write_text(f"{self.url}\n{version}")
                self.version, self.is_useless = version, False

    def go_on(self):
        with self._writing():
            self.file = open(part_of(self.target), "ab", buffering=0)

    def write(self, chunk):
        with self._writing():
            while chunk:
                written = self.file.write(chunk)
                self.length += written
                chunk = chunk[written:]

    def finish(self):
        """Gives the file its final name; a file that had it before is replaced."""
        with self._writing():
            # This waits for the disk, for milliseconds. The Rust program does it on another thread.
            os.fsync(self.file.fileno())
            self.file.close()
            os.replace(part_of(self.target), self.target)
        self.is_useless = False
        origin_of(self.target).unlink(missing_ok=True)
        return self.length


class Downloader:
    """Downloads into files, many at a time."""

    def __init__(self, limits, report=lambda failure, pause: None):
        self.limits, self.report = limits, report
        self.hosts = {}

    async def download(self, url, target):
        """Downloads one file, and tells how long it is. It has its final name only when it is complete."""
        return await retry(self.limits.tries, self.limits.pause, self.report, lambda: self._attempt(url, target))

    async def _attempt(self, url, target):
        places = self.hosts.setdefault(urlsplit(url).netloc, asyncio.Semaphore(self.limits.per_host))
        async with places:
            try:
                async with asyncio.timeout(self.limits.total):
                    return await self._fill(url, target)
            except TimeoutError:
                raise Failure("no answer in time", True) from None

    async def _fill(self, url, target):
        with Partial(target, url) as partial:
            rest = {}
            if partial.version:
                # "The rest, if it is still this version, and all of it otherwise."
                rest = {"Range": f"bytes={partial.length}-", "If-Range": partial.version}
            limits = self.limits
            async with request("GET", url, rest, idle=limits.idle, redirects=limits.redirects) as answer:
                if answer.status == 200:
                    tag = answer.headers.get("etag", "")
                    partial.start_afresh(tag if tag.startswith('"') else None)
                elif answer.status == 206 and partial.version:
                    partial.go_on()
                else:
                    raise status_failure(answer.status)
                expected = partial.length + int(answer.headers["content-length"])
                async for chunk in chunks(answer, limits.idle):
                    partial.write(chunk)
                    show_progress(target.name, partial.length, expected)
            if partial.length < expected:
                raise Failure(f"the connection ended after {partial.length} of {expected} bytes", True)
            return partial.finish()


def show_progress(name, length, expected):
    """Says on a terminal how far a download is."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{name} {length * 100 // max(expected, 1)} %\r", end="", file=sys.stderr, flush=True)
