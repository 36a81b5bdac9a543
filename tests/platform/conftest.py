"""Folders for servers' data."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder with a short path, in which sockets fit."""
    folder = Path(tempfile.mkdtemp(prefix="fc-"))
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)
