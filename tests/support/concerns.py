"""The presenting concerns that no message and no log may tell of: those that the migrations load."""

import re
from importlib import import_module

from database.migrations import names_on_disk

LOADED = next(name for name in names_on_disk() if re.fullmatch(r"[0-9]+_terms", name))
CONCERNS: tuple[str, ...] = tuple(re.findall(r"\('([A-Z_]+)'", import_module(f"migrations.{LOADED}").CONCERNS))
"""Their codes."""
