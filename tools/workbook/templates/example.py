"""The Python twin of {{slug}}.rs: it prints the same lines.

Run it with `python3 examples/{{slug}}.py`; add `--help` for its parts and for real time.
"""

import asyncio

from support import run, run_main, seconds


# ANCHOR: first
async def first():
    await asyncio.sleep(1)
    print("now", seconds(asyncio.get_running_loop().time()))
# ANCHOR_END: first


run(
    "{{title}}.",
    [
        ("first", "waits for a second", lambda loop: run_main(loop, first())),
    ],
)
