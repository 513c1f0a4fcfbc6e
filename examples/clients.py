"""The Python twin of clients.rs: it prints the same lines.

Run it with `python3 examples/clients.py`; add `--help` for its parts. It needs no library: `downloads` is a small HTTP client
on asyncio's streams, and `local_servers` are the servers that it asks.
"""

import asyncio
import socket
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from downloads import Downloader, Failure, Limits, chunks, part_of, request, retry
from local_servers import RESET, Drip, Gate, Silence, Site, answer, bad_line, scripted, three_hosts
from support import run

TEAS = ["green", "black", "herbal"]
LIMITS = Limits()
ONCE = Limits(tries=1)


def truth(value):
    return str(value).lower()


async def head(host, address, say):
    """Asks a host for the head of its first page, and says each line."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    while line := (await reader.readline()).decode().rstrip():
        say(line)
    writer.close()


async def headers():
    addresses, cue = await three_hosts()
    threads = set()

    async def lines(name, address):
        def say(line):
            print(f"{name}: {line}")
            threads.add(threading.get_ident())
            cue()

        await head(name, address, say)

    await asyncio.gather(*map(lines, TEAS, addresses))
    print("one thread:", truth(threads == {threading.get_ident()}))


async def half():
    text = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ngreen"
    server = await scripted(text)
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(b"GET /tea HTTP/1.1\r\n\r\n")
    everything = await reader.read()
    print(f"to the end: {len(everything) - (len(text) - 5)} bytes of text, no error")
    writer.close()

    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(b"GET /tea HTTP/1.1\r\n\r\n")
    await reader.readexactly(len(text) - 5)
    try:
        await reader.readexactly(10)
    except asyncio.IncompleteReadError:
        print("exactly 10: ended early: true")
    writer.close()

    with new_folder() as folder:
        try:
            await Downloader(ONCE).download(server.url("tea"), folder / "tea")
        except Failure as failure:
            print("download:", failure)


def leaves(length):
    """Makes a file in which no two neighbouring parts are alike, so that one in a wrong place is noticed."""
    return bytes(place % 251 for place in range(length))


async def count_bytes():
    teas = ["green", "black", "herbal", "mint", "white"]
    # Nobody is answered before all five have asked.
    site = Site({tea: leaves(size * 100_000) for size, tea in enumerate(teas, 1)}, gate=Gate(5))
    server = await site.serve()
    counts = await asyncio.gather(*[count(server.url(tea)) for tea in teas])
    for tea, number in zip(teas, counts):
        print(f"{tea}: {number} bytes")
    print(f"together: {sum(counts)} bytes")
    print(f"most at once: {server.most_at_once}")


async def count(url):
    async with request("GET", url) as found:
        return sum([len(chunk) async for chunk in chunks(found)])


@contextmanager
def new_folder():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def listing(folder):
    return ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"


def downloader(limits):
    """A downloader that reports its retries."""
    return Downloader(limits, report)


def report(failure, pause):
    print(f"{failure}; again in {pause * 1000:.0f}ms")


async def files():
    server = await Site({tea: leaves(100_000) for tea in TEAS}).serve()
    with new_folder() as folder:
        downloads = Downloader(ONCE)
        sizes = await asyncio.gather(*[downloads.download(server.url(tea), folder / tea) for tea in TEAS])
        for tea, size in zip(TEAS, sizes):
            whole = (folder / tea).read_bytes() == leaves(100_000)
            print(f"{tea}: {size} bytes, as on the server: {truth(whole)}")
        print("in the folder:", listing(folder))


async def show(download, folder):
    """Tells what became of a download, and what is in the folder now."""
    try:
        print(await download, "bytes")
    except Failure as failure:
        print(failure)
    print("in the folder:", listing(folder))


async def resume():
    server = await Site({"tea": leaves(1000)}).serve()
    line = await bad_line(server, 400)
    with new_folder() as folder:
        downloads, target = Downloader(ONCE), folder / "tea"
        for _ in range(2):
            await show(downloads.download(line.url("tea"), target), folder)
        print("as on the server:", truth(target.read_bytes() == leaves(1000)))
    print("requests:", ", ".join(server.requests))


async def afresh():
    for trouble in ["another version", "no ranges", "no tags"]:
        print(f"{trouble}:")
        site = Site({"tea": leaves(1000)}, ranges=trouble != "no ranges", tags=trouble != "no tags")
        server = await site.serve()
        line = await bad_line(server, 400)
        with new_folder() as folder:
            downloads, target = Downloader(ONCE), folder / "tea"
            await show(downloads.download(line.url("tea"), target), folder)
            if trouble == "another version":
                site.files["tea"] = leaves(900)
            await show(downloads.download(line.url("tea"), target), folder)
        print("requests:", ", ".join(server.requests))


async def cancel():
    for tags in [True, False]:
        print("with tags:", truth(tags))
        server = await Site({"tea": leaves(1000)}, tags=tags).serve()
        line = await bad_line(server, 400, stalls=True)
        with new_folder() as folder:
            downloads, target = Downloader(ONCE), folder / "tea"
            task = asyncio.create_task(downloads.download(line.url("tea"), target))
            await has_length(part_of(target), 400)
            task.cancel()
            await asyncio.wait([task])
            print("400 bytes are there:", "cancelled" if task.cancelled() else "done")
            print("in the folder:", listing(folder))
            await show(downloads.download(line.url("tea"), target), folder)
            print("as on the server:", truth(target.read_bytes() == leaves(1000)))


async def has_length(path, length):
    """Waits until a file is so long."""
    while not path.exists() or path.stat().st_size < length:
        await asyncio.sleep(0.001)


async def failures():
    site = await Site({"tea": leaves(10)}).serve()
    cut = await scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ngreen")
    garbage = await scripted(b"GREEN TEA\r\n\r\n")
    busy = await scripted(answer("503 Service Unavailable", b""))
    reset = await scripted(RESET)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}/tea"
    with new_folder() as folder:
        downloads, target = Downloader(ONCE), folder / "tea"
        print("moved:", await downloads.download(site.url("moved/tea"), target), "bytes")
        target.unlink()
        for what, url in [
            ("missing", site.url("coffee")),
            ("busy", busy.url("tea")),
            ("loop", site.url("loop")),
            ("garbage", garbage.url("tea")),
            ("cut", cut.url("tea")),
            ("reset", reset.url("tea")),
            ("nobody", nobody),
        ]:
            await say(what, downloads.download(url, target))
        await say("folder", downloads.download(site.url("tea"), folder / "no-such-folder" / "tea"))
        print("in the folder:", listing(folder))


async def say(what, download):
    try:
        await download
    except Failure as failure:
        print(f"{what}: {failure}; worth a retry: {'yes' if failure.worth_a_retry else 'no'}")


async def per_host():
    # Nobody is answered before two requests have come to each host.
    gate = Gate(4)
    files = {tea: leaves(100) for tea in TEAS}
    servers = {host: await Site(files, gate=gate).serve() for host in ["first", "second"]}
    with new_folder() as folder:
        downloads = Downloader(replace(ONCE, per_host=2))
        ended = await asyncio.gather(
            *[
                downloads.download(server.url(tea), folder / f"{host}-{tea}")
                for host, server in servers.items()
                for tea in TEAS
            ],
            return_exceptions=True,
        )
    print("complete:", sum(isinstance(size, int) for size in ended))
    for host, server in servers.items():
        print(f"{host} host: {len(server.requests)} requests, {server.most_at_once} at once")


async def limits_of_time():
    begin = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    silent, dripping = await scripted(Silence(begin)), await scripted(Drip(begin))
    with new_folder() as folder:
        for what, server, limits in [
            ("silent, 50 ms for silence", silent, replace(ONCE, idle=0.05)),
            ("dripping, 50 ms for the whole", dripping, replace(ONCE, idle=60, total=0.05)),
        ]:
            try:
                await Downloader(limits).download(server.url("tea"), folder / "tea")
            except Failure as failure:
                print(f"{what}: {failure}")
        print("in the folder:", listing(folder))


async def retries():
    busy, ready = answer("503 Service Unavailable", b""), answer("200 OK", b"green")
    patient = replace(LIMITS, tries=3, pause=0.01)
    with new_folder() as folder:
        downloads, target = downloader(patient), folder / "tea"
        for answers in [[busy, RESET, ready], [busy], [answer("410 Gone", b"")]]:
            server = await scripted(*answers)
            await show(downloads.download(server.url("tea"), target), folder)
            print("requests:", len(server.requests))

    # The shop takes the order, and the connection breaks before it can say so.
    shop = await scripted(RESET, answer("201 Created", b""))

    async def order():
        async with request("POST", shop.url("orders"), body=b"one tea") as found:
            return found.status

    print("the shop answered", await retry(patient.tries, patient.pause, report, order), "Created")
    print("orders:", len(shop.requests))


def real(function):
    """What comes over sockets comes in real time, so the virtual clock is of no use here."""
    return lambda _: asyncio.run(function())


run(
    "Clients: header lines by hand, bytes counted, files that are complete or not there, and limits.",
    [
        ("headers", "three hosts, line by line, on one thread", real(headers)),
        ("tokio", "the same with Tokio", real(headers)),
        ("half", "half an answer, read in three ways", real(half)),
        ("count", "five downloads at once, their bytes counted", real(count_bytes)),
        ("files", "three downloads into files", real(files)),
        ("resume", "a download that breaks off, and goes on with the rest", real(resume)),
        ("afresh", "when the rest is not to be had", real(afresh)),
        ("cancel", "a download that is cancelled in the middle", real(cancel)),
        ("failures", "what goes wrong, in one sentence, and whether it is worth a retry", real(failures)),
        ("per_host", "two requests at a time for each of two hosts", real(per_host)),
        ("time", "a limit for silence, and one for the whole", real(limits_of_time)),
        (
            "retry",
            "trouble that passes, trouble that stays, and an order that must not be doubled",
            real(retries),
        ),
    ],
)
