"""Lists what Python programs use of asyncio, as JSON.

Standard input is a list of `[place, program]`.
The answer is a list of `[place, name, classes]`: `classes` is null for a name of the module, as in `asyncio.gather`, and
otherwise lists the classes of asyncio that have a method or attribute of this name, because a program does not say which one it means.
"""

import ast
import asyncio
import asyncio.subprocess
import inspect
import json
import re
import sys


def members():
    """Maps each public attribute of asyncio's classes to those classes."""
    known = {}
    for module in (asyncio, asyncio.subprocess):
        for name, found in vars(module).items():
            if not inspect.isclass(found) or issubclass(found, BaseException):
                continue
            for attribute in dir(found):
                if not attribute.startswith("_"):
                    known.setdefault(attribute, set()).add(name)
    return known


def names(program, known):
    try:
        tree = ast.parse(program)
    except SyntaxError:
        # A program that shows what Python no longer understands.
        for name in re.findall(r"\basyncio\.(\w+)", program):
            yield name, None
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "asyncio":
            for alias in node.names:
                yield alias.name, None
        elif isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id == "asyncio":
                yield node.attr, None
            elif node.attr in known:
                yield node.attr, sorted(known[node.attr])


known = members()
found = [
    [place, name, classes]
    for place, program in json.load(sys.stdin)
    for name, classes in sorted(set((n, tuple(c) if c else None) for n, c in names(program, known)), key=str)
]
json.dump(found, sys.stdout)
