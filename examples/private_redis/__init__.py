"""A Redis server of a program's own: on a free port of this machine, behind a password, with its files in a folder that is removed with it.

The server ends with the program, in whatever way that ends: keep.sh watches over it.
"""

import os
import secrets
import shutil
import subprocess
import tempfile

# Below the ports that systems give to outgoing connections, so none of these takes the port while the server is down.
PORTS = range(20_000, 30_000)

# How many ports are tried; another server may have one.
TRIES = 20

KEEP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keep.sh")


class StartError(Exception):
    """Why there is no server."""


class PortInUse(StartError):
    """Another program has the port."""


class Server:
    """A server that runs until it is closed, best by `with`."""

    def __init__(self, durable=False):
        if shutil.which("redis-server") is None:
            raise StartError("no redis-server is installed")
        self._keeper = None
        self._durable = durable
        self._password = secrets.token_hex(16)
        self.folder = tempfile.mkdtemp(prefix="private-redis-")
        for attempt in range(1, TRIES + 1):
            self._port = secrets.choice(PORTS)
            try:
                self.start_again()
                return
            except PortInUse:
                if attempt == TRIES:
                    self.close()
                    raise
            except StartError:
                self.close()
                raise

    @property
    def url(self):
        """Names the server, its port and its password, as clients want it."""
        return f"redis://:{self._password}@127.0.0.1:{self._port}"

    def kill(self):
        """Ends the server as a crash would; its folder stays."""
        self._end("keep\n")

    def start_again(self):
        """Starts the server again, on the same port, after `kill`."""
        with open(os.path.join(self.folder, "redis.conf"), "w") as file:
            file.write(
                f'bind 127.0.0.1\nport {self._port}\nrequirepass {self._password}\ndir "{self.folder}"\nsave ""\n'
                f"appendonly {'yes' if self._durable else 'no'}\nappendfsync always\n"
            )
        self._keeper = subprocess.Popen(
            ["sh", KEEP, self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        said = []
        for line in self._keeper.stdout:
            if "Ready to accept connections" in line:
                return
            said.append(line.strip())
        # The server has ended.
        self.kill()
        if any("in use" in line for line in said):
            raise PortInUse(f"port {self._port} is in use")
        raise StartError(f"redis-server does not start: {said[-1] if said else ''}")

    def close(self):
        """Ends the server and removes its folder."""
        self._end("")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, word):
        if self._keeper is not None:
            keeper, self._keeper = self._keeper, None
            keeper.communicate(word)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
