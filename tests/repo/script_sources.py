#!/usr/bin/env python3
"""The sources that scripts can reach give them no address, and make no string by where its text lies.

Method: reads each file of framework/src/script and prints the calls that these rules refuse.
  lua_pushlightuserdata    is an address: as a key it has another place in each process. Where none ever gets to a script it is
                           allowed, by name.
  lua_pushcfunction        with the strict libraries: a light function is hashed by the address of its code.
  lua_pushstring           keeps strings by the address of their text: of long ones it makes more or fewer, and memory is counted.
  lua_pushliteral          is the same; up to 40 bytes it makes none anew.
Ends with status 1 if there is one.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "framework/src/script"
SHORT = 40  # the longest string that Lua keeps once
# Beside the simulation: views and the levels above strict, and benchmarks. No hash holds what they see.
RELAXED = {"sandbox.cpp", "view_vm.cpp", "bare_lua.cpp", "system_lua.cpp"}
# Pushes addresses in states that no script ever sees, or where only C functions do.
NO_SCRIPT = {"lua_limits.cpp", "table_shape.cpp", "write_check.cpp"}


def calls(text, name):
    """(line, arguments) of each call of `name`, arguments without the closing parenthesis"""
    for match in re.finditer(rf"\b{name}\(", text):
        depth, at = 1, match.end()
        while depth and at < len(text):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        yield text.count("\n", 0, match.start()) + 1, text[match.end():at - 1]


def problems(path):
    text = path.read_text(encoding="utf-8")
    if path.name not in NO_SCRIPT | RELAXED:
        for line, _ in calls(text, "lua_pushlightuserdata"):
            yield line, "lua_pushlightuserdata: scripts are given numbers, never addresses"
    if path.name not in RELAXED:
        for line, _ in calls(text, "lua_pushstring"):
            yield line, "lua_pushstring: use push_string or lua_pushlstring, which look at the text alone"
        for line, arguments in calls(text, "lua_pushliteral"):
            literal = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', arguments))
            if len(literal) > SHORT:
                yield line, f"lua_pushliteral: {len(literal)} bytes are too long for it, use push_string"
    if path.name.startswith(("lib_", "string_")):
        for line, _ in calls(text, "lua_pushcfunction"):
            yield line, "lua_pushcfunction: scripts are given closures with an upvalue, see set_functions"


def main():
    broken = 0
    files = sorted(SCRIPT.glob("*.[ch]pp"))
    if len(files) < 40:
        print(f"{SCRIPT.relative_to(ROOT)}: only {len(files)} files, expected the sources of all libraries")
        broken += 1
    for path in files:
        for line, rule in problems(path):
            broken += 1
            print(f"{path.relative_to(ROOT)}:{line}: {rule}")
    return 1 if broken else 0


sys.exit(main())
