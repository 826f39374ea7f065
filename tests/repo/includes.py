#!/usr/bin/env python3
"""Includes run one way: core <- world <- script <- jobs <- simulation <- session, tools <- replay/cli.

Method: reads every #include of the sources and compares the folder it names with the folder it stands in. Prints each
line that breaks a rule; ends with status 1 if there is one.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A folder may include itself and folders of a lower level; session and tools stand side by side.
LEVEL = {"core": 0, "world": 1, "script": 2, "jobs": 3, "simulation": 4, "session": 5, "tools": 5}
REPLAY_LEVEL = LEVEL["simulation"]
LUA_HEADERS = {"lua.hpp", "lua.h", "lauxlib.h", "lualib.h", "luaconf.h", "canon_lua_rename.h", "script/lua.hpp"}
THREAD_HEADERS = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "semaphore", "pthread.h"}
CONTAINER_HEADERS = {"canon/bytes.hpp", "canon/error.hpp", "canon/hash.hpp", "canon/ids.hpp"}
CEREAL_IN_PUBLIC = {"serialize.hpp", "host_state.hpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def broken_rule(path, included):
    """The rule that `path` (from the root) breaks by including `included`, or None."""
    parts = path.parts
    top = included.split("/")[0]
    if parts[:3] == ("framework", "include", "canon"):
        if included in LUA_HEADERS:
            return "a public header includes Lua"
        if included == "sleef.h":
            return "a public header includes SLEEF"
        if top == "cereal" and parts[-1] not in CEREAL_IN_PUBLIC:
            return "of the public headers only " + " and ".join(sorted(CEREAL_IN_PUBLIC)) + " include cereal"
        if top in LEVEL:
            return "a public header includes a private one"
        return None
    if parts[:2] == ("framework", "src"):
        folder = parts[2]
        if folder not in LEVEL:
            return f"folder framework/src/{folder} has no place in the order"
        if top in LEVEL and top != folder and LEVEL[top] >= LEVEL[folder]:
            return f"{folder} stands below {top}"
        if included in LUA_HEADERS and folder != "script":
            return "only framework/src/script includes Lua"
        if included in THREAD_HEADERS and folder == "core":
            return "core knows no threads"
        return None
    if parts[0] == "replay":
        if parts[1] == "container" and not (top in ("container", "canon") or "/" not in included or top == "sys"):
            return "replay/container uses nothing but itself and public headers"
        if parts[1] == "container" and top == "canon" and included not in CONTAINER_HEADERS:
            return "replay/container knows bytes, hashes and frames, not what is recorded"
        if parts[1] == "container" and included in THREAD_HEADERS - {"pthread.h"}:
            return "replay/container has no threads"
        if included in LUA_HEADERS:
            return "only framework/src/script includes Lua"
        # A bench measures parts that hosts do not see; the rest of the tool is a host like any other.
        is_bench = parts[1] == "cli" and parts[-1].startswith("bench") and parts[-1].endswith(".cpp")
        if parts[1] == "cli" and top in LEVEL and not is_bench:
            return "the canon tool uses public headers"
        if top in LEVEL and LEVEL[top] > REPLAY_LEVEL:
            return "replay builds on simulation and what is below it"
    if parts[0] == "samples" and top in LEVEL:
        return "a sample uses public headers, as a host would"
    return None


def main():
    broken = 0
    for folder in ("framework", "replay", "samples"):
        for path in sorted((ROOT / folder).rglob("*.[ch]pp")):
            relative = path.relative_to(ROOT)
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                rule = match and broken_rule(relative, match.group(1))
                if rule:
                    broken += 1
                    print(f"{relative}:{number}: {match.group(1)}: {rule}")
    return 1 if broken else 0


sys.exit(main())
