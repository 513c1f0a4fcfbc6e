"""Records programs of the book, one after the other, each with an asyncio of its own.

The input is JSON: `programs`, a list of names and texts, and `modules`, the names and texts of what they import. The output is a list
of the records, each with what the program printed. It runs on any Python, and on Pyodide, which has no sockets.
"""

import builtins
import io
import json
import os
import runpy
import sys
import tempfile

RECORDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "record.py")
WISH = "1000000 1000000000"


def record(name, text, modules):
    """Runs a program as `record.py` runs it, and gives what was recorded and what was printed."""
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, os.path.dirname(name)), exist_ok=True)
        for file, content in [(name, text), *modules.items()]:
            with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
                out.write(content)
        os.chdir(folder)
        file = os.path.join(folder, "record")
        os.environ["WORKBOOK_RECORD"] = f"{WISH} {file}"
        before = set(sys.modules), sys.path[:], sys.stdout, builtins.print, sys.modules["__main__"], sys.argv
        try:
            sys.path.insert(0, folder)
            sys.stdout = printed = io.StringIO()
            recorder = runpy.run_path(RECORDER)
            leave_sockets_out()
            # The folder of the program comes to be in the first place.
            sys.path.insert(0, folder)
            recorder["run"](name, [])
        finally:
            modules_before, sys.path, sys.stdout, builtins.print, sys.modules["__main__"], sys.argv = before
            for module in set(sys.modules) - modules_before:
                del sys.modules[module]
            os.chdir(os.path.dirname(RECORDER))
        with open(file, encoding="utf-8") as written:
            return written.read(), printed.getvalue()


def leave_sockets_out():
    """On Pyodide, makes the loop one that has nothing but its ready queue and its timers."""
    if sys.platform != "emscripten":
        return
    import asyncio

    class NoSelector:
        def select(self, timeout=None):
            return []

        def close(self):
            pass

    class Loop(asyncio.base_events.BaseEventLoop):
        def __init__(self):
            super().__init__()
            self._selector = NoSelector()

        def _process_events(self, events):
            pass

        def _write_to_self(self):
            pass

    asyncio.SelectorEventLoop = Loop


if __name__ == "__main__":
    job = json.load(sys.stdin)
    print(json.dumps([record(name, text, job["modules"]) for name, text in job["programs"]]))
