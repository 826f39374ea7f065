#!/usr/bin/env python3
"""The examples of README and docs are true: they run, and print what the page says.

Method: takes every fenced block out of the Markdown files.
  ```lua run [frames=N] [faults=N]   a whole program; runs N frames (default 20), with 1 and 3 workers, with just N faults (default 0)
  ```text output                     behind such a block: its log lines, each with or without the function that wrote it
  ```lua fragment                    is Lua that compiles
  ```cpp from=FILE                   stands in that file, word for word
  ```sh run                          each line that begins with `canon ` is run in the repository and ends with status 0
A Lua block without a mark is an error. Also: the functions of `engine` and the globals are just those that the reference lists,
each test that docs/DETERMINISM.md names exists, its table has every row of the audit, once and in order, with a test, and the program of the README is the first sample.
"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CANON = os.environ.get("CANON", str(ROOT / "build/bin/Release/canon"))
FENCE = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The rows of the audit of what Lua shows of the machine: A1 to A13, and so on.
AUDIT = {"A": 13, "B": 11, "C": 10, "D": 7, "E": 9, "F": 7, "G": 7, "H": 2, "J": 4}
problems = []


def canon(*arguments):
    return subprocess.run([CANON, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=ROOT)


def run_program(source, frames, workers):
    """(frames as JSON objects, or None; the error text)"""
    with tempfile.TemporaryDirectory() as folder:
        main = pathlib.Path(folder) / "main.lua"
        main.write_text(source, encoding="utf-8")
        result = canon("run", main, "--frames", frames, "--workers", workers, "--json")
    if result.returncode != 0:
        return None, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()], ""


def log_lines(frames):
    return [(entry["function"], entry["text"]) for frame in frames for entry in frame.get("log", [])
            if entry["level"] != "debug"]


def check_program(place, source, options, expected):
    count = options.get("frames", "20")
    frames, error = run_program(source, count, 1)
    if frames is None:
        problems.append(f"{place}: does not run: {error}")
        return
    others, _ = run_program(source, count, 3)
    if others != frames:
        problems.append(f"{place}: 3 workers give something else than 1")
    faults = [fault["message"] for frame in frames for fault in frame["faults"]]
    if len(faults) != int(options.get("faults", "0")):
        problems.append(f"{place}: {len(faults)} faults: {faults[:3]}")
    if expected is None:
        return
    lines, found = expected.splitlines(), log_lines(frames)
    matches = len(lines) == len(found) and all(
        line in (text, f"{function}: {text}") for line, (function, text) in zip(lines, found))
    if not matches:
        shown = "\n".join(f"    {function}: {text}" for function, text in found)
        problems.append(f"{place}: the output is not as the page says, but\n{shown}")


def check_fragment(place, source):
    # Wrapped into a function that nobody calls.
    with tempfile.TemporaryDirectory() as folder:
        main = pathlib.Path(folder) / "main.lua"
        main.write_text(f"local function fragment(...)\n{source}\nend", encoding="utf-8")
        result = canon("run", main, "--frames", 0)
    if result.returncode != 0:
        problems.append(f"{place}: does not compile: {result.stderr}")


def check_commands(place, text):
    for line in text.splitlines():
        if line.startswith("canon "):
            result = canon(*shlex.split(line, comments=True)[1:])
            if result.returncode != 0:
                problems.append(f"{place}: `{line}` ends with {result.returncode}: {result.stderr}")


def check_excerpt(place, text, words):
    if len(words) != 1 or not words[0].startswith("from="):
        problems.append(f"{place}: a C++ block says where it stands: from=FILE")
        return
    file = ROOT / words[0].removeprefix("from=")
    # As a whole, or indented.
    lines = [line.strip() for line in text.strip().splitlines()]
    there = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    if not any(there[i:i + len(lines)] == lines for i in range(len(there))):
        problems.append(f"{place}: this does not stand in {words[0]}")


def check_page(path):
    text = path.read_text(encoding="utf-8")
    blocks = list(FENCE.finditer(text))
    for index, block in enumerate(blocks):
        place = f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, block.start()) + 1}"
        words = block.group(1).split()
        if words[:1] == ["lua"] and words[1:2] == ["run"]:
            following = blocks[index + 1] if index + 1 < len(blocks) else None
            expected = following.group(2) if following and following.group(1).split() == ["text", "output"] else None
            check_program(place, block.group(2), dict(word.split("=") for word in words[2:]), expected)
        elif words == ["lua", "fragment"]:
            check_fragment(place, block.group(2))
        elif words[:1] == ["lua"]:
            problems.append(f"{place}: a Lua block is marked `run` or `fragment`")
        elif words[:1] == ["cpp"]:
            check_excerpt(place, block.group(2), words[1:])
        elif words == ["sh", "run"]:
            check_commands(place, block.group(2))


def check_reference():
    source = """
        local names = {}
        for name in pairs(engine) do names[#names + 1] = "engine." .. name end
        for name in pairs(_G) do names[#names + 1] = name end
        print(table.concat(names, " "))
        function on_start() print(table.concat(names, " ")) end
    """
    frames, error = run_program(source, 0, 1)
    if frames is None:
        problems.append(f"the list of functions cannot be had: {error}")
        return
    real = set(frames[0]["log"][-1]["text"].split()) - {"on_start"}
    page = (ROOT / "docs/SCRIPTING.md").read_text(encoding="utf-8")
    reference = page[page.index("## Reference"):]
    listed = set(re.findall(r"^\| `(engine\.\w+)\(", reference, re.MULTILINE))
    globals_ = reference[reference.index("### Globals"):reference.index("## Speed")]
    listed |= set(re.findall(r"`(\w+)`", globals_))
    for name in sorted(real - listed):
        problems.append(f"docs/SCRIPTING.md: the reference does not list {name}")
    for name in sorted(listed - real):
        problems.append(f"docs/SCRIPTING.md: the reference lists {name}, which there is not")


def check_test_names():
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.cpp"))
    cases = set(re.findall(r"BOOST_\w*TEST_CASE\w*\(\s*(\w+)", sources))
    scripts = {path.name for folder in ("cli", "repo", "script") for path in (ROOT / "tests" / folder).rglob("*.*")}
    page = (ROOT / "docs/DETERMINISM.md").read_text(encoding="utf-8")
    tables = page[page.index("## Hazards"):page.index("## Not covered yet")]
    for row in re.findall(r"^\|.*\|$", tables, re.MULTILINE):
        for name in re.findall(r"`([a-z0-9_]+(?:\.sh|\.py|\.lua)?)`", row.rsplit("|", 2)[1]):
            if name not in cases and name not in scripts:
                problems.append(f"docs/DETERMINISM.md: there is no test {name}")


def check_audit():
    page = (ROOT / "docs/DETERMINISM.md").read_text(encoding="utf-8")
    table = page[page.index("## Hazards"):page.index("And beyond Lua:")]
    if "| Row | What a script sees now | Tests |" not in table:
        problems.append("docs/DETERMINISM.md: the table of hazards has the columns Row, What a script sees now, Tests")
    rows = re.findall(r"^\| ([A-Z]\d+) \| (.*) \| (.*) \|$", table, re.MULTILINE)
    expected = [f"{letter}{number + 1}" for letter, count in AUDIT.items() for number in range(count)]
    found = [name for name, _, _ in rows]
    for name in expected:
        if found.count(name) != 1:
            problems.append(f"docs/DETERMINISM.md: row {name} is {found.count(name)} times in the table of hazards")
    for name in found:
        if name not in expected:
            problems.append(f"docs/DETERMINISM.md: the audit has no row {name}")
    if not problems and found != expected:
        problems.append("docs/DETERMINISM.md: the rows of the table of hazards are not in order")
    for name, sees, tests in rows:
        if not sees.strip() or "`" not in tests:
            problems.append(f"docs/DETERMINISM.md: row {name} says nothing or names no test")


def check_hello():
    program = (ROOT / "samples/01_hello/main.lua").read_text(encoding="utf-8")
    if f"```lua run frames=40\n{program}```" not in (ROOT / "README.md").read_text(encoding="utf-8"):
        problems.append("README.md: the program is not samples/01_hello/main.lua")


for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
    check_page(page)
check_reference()
check_test_names()
check_audit()
check_hello()
print("\n".join(problems), end="\n" if problems else "")
sys.exit(1 if problems else 0)
