"""The worked queries that GraphiQL offers to each role: the documents of `examples/`."""

from __future__ import annotations

from pathlib import Path

STARTERS: tuple[()] = ()
FOLDER = Path(__file__).parent.parent / "examples"
