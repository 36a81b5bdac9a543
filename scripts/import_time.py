"""Measure how long importing a module takes, in a fresh process, and list what takes most of it."""

import re
import subprocess
import sys
from typing import NamedTuple

LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| (\s*)(\S+)")
SHOWN = 20


class Import(NamedTuple):
    """One module and the microseconds its import took: alone, and with all it imports first."""

    name: str
    own_us: int
    total_us: int


def measure(module: str) -> list[Import]:
    """Import the module in a process of its own; the last entry is the module itself."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    matches = (LINE.match(line) for line in told.splitlines())
    return [Import(match[4], int(match[1]), int(match[2])) for match in matches if match]


def by_package(imports: list[Import]) -> list[tuple[str, int]]:
    """The time spent in each top-level package's own files, the largest first."""
    sums: dict[str, int] = {}
    for entry in imports:
        package = entry.name.split(".")[0]
        sums[package] = sums.get(package, 0) + entry.own_us
    return sorted(sums.items(), key=lambda item: -item[1])


def main() -> None:
    """Print the total and the largest shares."""
    module = sys.argv[1] if len(sys.argv) > 1 else "app"
    imports = measure(module)
    print(f"import {module}: {imports[-1].total_us / 1000:.0f} ms, the interpreter's own start included in the list")
    for package, own_us in by_package(imports)[:SHOWN]:
        print(f"{own_us / 1000:8.1f} ms  {package}")


if __name__ == "__main__":
    main()
