"""One process that serves: database, API and worker start together and end together."""

import asyncio
import gc
import importlib
import importlib.util
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import structlog
import uvicorn

from cli.welcome import welcome
from database import RESTARTED, DatabaseError, Embedded, connected, migrate, running
from settings import Settings, UnreadableSettingsError
from transport.slow_headers import PromptProtocol, cut_slow_headers

log = structlog.get_logger("serving")

GRACE_SECONDS = 5
WORKER_GRACE_SECONDS = 5
BACKLOG = 2048
GARBAGE_THRESHOLDS = (50_000, 20, 50)
"""How rarely the collector looks for cycles: requests leave hardly any, and looking took some 6 % of their time."""


async def serve_until_stopped(settings: Settings, *, with_worker: bool, tell: Callable[[str], None]) -> None:
    """Start everything, announce the address, and stop everything on a signal or when a part has failed."""
    with _listen(settings) as listener:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        async with _ready_database(settings, tell) as (settings, embedded):
            await _serve(settings, listener, embedded, with_worker=with_worker)
    tell("Stopped.")


@contextmanager
def stop_on_signals(stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop` on Ctrl-C and on SIGTERM for the length of the block."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


@contextmanager
def _listen(settings: Settings) -> Iterator[socket.socket]:
    """Take the port before anything is started, so that a port in use costs nothing."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise UnreadableSettingsError(
            f"FC_HOST and FC_PORT: cannot listen on {settings.host}:{settings.port}: {error.strerror}."
        ) from None
    try:
        yield listener
    finally:
        listener.close()


@asynccontextmanager
async def _ready_database(
    settings: Settings, tell: Callable[[str], None]
) -> AsyncIterator[tuple[Settings, Embedded | None]]:
    """The database up to date, open for this process, and holding demo data exactly where it should."""
    async with running(settings, tell=tell) as database:
        if names := await migrate(database.settings):
            tell(f"migrated: {', '.join(sorted(names))}")
        async with connected(database.settings):
            await _settle_demo_data(database.settings, tell)
            yield database.settings, database.embedded


async def _settle_demo_data(settings: Settings, tell: Callable[[str], None]) -> None:
    if settings.env == "test" or importlib.util.find_spec("demo") is None:
        return
    demo: Any = importlib.import_module("demo")
    loaded = await demo.is_loaded()
    if settings.env == "production" and loaded:
        raise UnreadableSettingsError("FC_ENV=production is refused: the database holds demo accounts.")
    if settings.env == "demo" and not loaded:
        tell("loading the demo data")
        await demo.load()


async def _serve(settings: Settings, listener: socket.socket, embedded: Embedded | None, *, with_worker: bool) -> None:
    stop = asyncio.Event()
    server = _Server(_configuration(settings), announce=lambda: print(welcome(settings), flush=True))
    with stop_on_signals(stop.set), _notice_end(embedded, stop):
        parts = {asyncio.create_task(server.serve(sockets=[listener]), name="The API")}
        if with_worker:
            work = importlib.import_module("worker").run(settings, stop)
            parts.add(asyncio.create_task(work, name="The worker"))
        asked = asyncio.create_task(stop.wait())
        await asyncio.wait({*parts, asked}, return_when=asyncio.FIRST_COMPLETED)
        ended_alone = [] if stop.is_set() else [part.get_name() for part in parts if part.done()]
        stop.set()
        server.should_exit = True
        await _end(parts, asked)
    _raise_failure(parts, ended_alone, embedded)


async def _end(parts: set["asyncio.Task[None]"], asked: "asyncio.Task[Any]") -> None:
    _, late = await asyncio.wait(parts, timeout=GRACE_SECONDS + WORKER_GRACE_SECONDS)
    for task in (*late, asked):
        task.cancel()
    await asyncio.gather(*parts, asked, return_exceptions=True)


def _raise_failure(parts: set["asyncio.Task[None]"], ended_alone: list[str], embedded: Embedded | None) -> None:
    """Nothing but a signal ends a part without a fault."""
    if embedded is not None and embedded.has_ended():
        raise DatabaseError(f"PostgreSQL ended by itself; see {embedded.log}.")
    for part in parts:
        if not part.cancelled() and (error := part.exception()) is not None:
            raise error
    if ended_alone:
        raise DatabaseError(f"{ended_alone[0]} ended by itself; its log says why.")


@contextmanager
def _notice_end(embedded: Embedded | None, stop: asyncio.Event) -> Iterator[None]:
    """Stop the server when its embedded PostgreSQL ends for good, and say so when it was started again."""
    if embedded is None:
        yield
        return
    loop = asyncio.get_running_loop()
    life = embedded.life

    def told() -> None:
        said = os.read(life, 4096)
        if RESTARTED in said:
            log.warning("database.started_again")
        elif not said:
            loop.remove_reader(life)
            stop.set()

    loop.add_reader(life, told)
    try:
        yield
    finally:
        loop.remove_reader(life)


def _configuration(settings: Settings) -> uvicorn.Config:
    application = importlib.import_module("app").create_app(settings)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    return uvicorn.Config(
        application,
        http=PromptProtocol,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        ws_max_size=settings.limits.frame_bytes,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
    )


class _Server(uvicorn.Server):
    """uvicorn without its own handling of signals, and with a word when it is ready."""

    def __init__(self, config: uvicorn.Config, *, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self.announce = announce
        self.cutting: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `serve_until_stopped`, which stops the other parts too."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections, then say so; what was loaded until now is never garbage."""
        await super().startup(sockets=sockets)
        if self.started:
            self.cutting = asyncio.create_task(cut_slow_headers(self.server_state.connections))
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GARBAGE_THRESHOLDS)
            self.announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let what runs end; nobody is late any more."""
        if self.cutting is not None:
            self.cutting.cancel()
        await super().shutdown(sockets=sockets)
