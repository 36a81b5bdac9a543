"""Where documents are made: a few at a time, beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

AT_ONCE = 2
"""So many that a crowd who asks for documents leaves the processor to others; the rest waits."""

P = ParamSpec("P")
T = TypeVar("T")
THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="documents")


async def beside(make: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """What `make` returns, made in a thread; not inside a transaction, which would be held open while others wait."""
    return await asyncio.get_running_loop().run_in_executor(THREADS, partial(make, *args, **options))
