"""What the twins that serve share: where to listen, and until when."""

import asyncio
import signal
import sys


def address(arguments, default):
    """Reads what follows --serve: an address and a port, or nothing. The ValueError is one sentence for the reader."""
    if len(arguments) > 1:
        raise ValueError(f"after the address there is {arguments[1]!r}")
    text = arguments[0] if arguments else default
    host, _, port = text.rpartition(":")
    if not host:
        raise ValueError(f"{text!r} is not an address and a port, such as {default}")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError(f"{port!r} is not a port, which is a number from 0 to 65535")
    return host.strip("[]"), int(port)


def serve(arguments, default, function):
    """Runs function(host, port, stop), whose stop is set by Ctrl-C, and says in one sentence why it cannot."""

    async def main(host, port):
        stop = asyncio.Event()
        try:
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
        except NotImplementedError:
            pass  # On Windows, Ctrl-C cancels this task.
        await function(host, port, stop)

    try:
        host, port = address(arguments, default)
    except ValueError as error:
        sys.exit(f"error: {error}")
    try:
        asyncio.run(main(host, port))
    except OSError as error:
        sys.exit(f"error: cannot listen at {host}:{port}: {error.strerror}")
    except KeyboardInterrupt:
        print("interrupted")
