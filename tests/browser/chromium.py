"""Finds the system's Chromium, and installs Debian's where it is missing and this process may."""

import os
import shutil
import subprocess
from functools import cache

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL_SECONDS_MAX = 300
FLAGS = [
    "--headless",
    "--no-sandbox",  # Chromium refuses to start as root with it, and it opens only our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@cache
def chromium() -> str | None:
    """The path of a Chromium, or nothing if there is none and none can be installed here."""
    return _found() or (_installed() if _may_install() else None)


def _found() -> str | None:
    return next((path for path in map(shutil.which, NAMES) if path), None)


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _installed() -> str | None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]):
        try:
            subprocess.run(command, env=environment, check=True, capture_output=True, timeout=INSTALL_SECONDS_MAX)
        except (subprocess.SubprocessError, OSError):
            return None
    return _found()
