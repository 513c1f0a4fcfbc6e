"""Runs the cases of `tests/cases` that need no real time, each on a loop of its own, and prints whose runs are whose in the record."""

import asyncio
import gc
import itertools
import json

import virtual_loop

made = []


class Loop(virtual_loop.VirtualLoop):
    def __init__(self):
        super().__init__()
        made.append(self)


virtual_loop.VirtualLoop = Loop

# Importing a module lists its cases.
import cases_comb
import cases_future
import cases_loop
import cases_sync
import cases_task
from harness import CASES, leave_other_loops

# asyncio keeps tasks in sets, whose order is that of chance; here it is that of the few tasks of a case.
numbers = itertools.count(1)


def number(task):
    if not hasattr(task, "_number"):
        task._number = next(numbers)
    return task._number


asyncio.Task.__hash__ = number


def run(program):
    global numbers
    numbers = itertools.count(1)
    leave_other_loops()
    loop = Loop()
    loop.set_exception_handler(lambda loop, context: None)
    asyncio.set_event_loop(loop)
    try:
        # What a case says is an event, too.
        program(loop, print)
    except BaseException:
        # The test of the cases sees to it.
        pass
    finally:
        # The case is over, and what is left of it belongs to no run.
        for loop in made:
            loop._recorder.silent = True
            loop.set_exception_handler(lambda loop, context: None)
        asyncio.set_event_loop(None)


runs = {}
for code, (program, real_time) in CASES.items():
    if not real_time:
        made.clear()
        run(program)
        runs[code] = [loop._recorder.run for loop in made if loop._recorder.run is not None]
made.clear()
gc.collect()
print(json.dumps(runs))
