"""The program's commands: serve, worker, migrate, demo, schema, documents, keys, health."""

import asyncio
import base64
import importlib
import secrets
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from cli.serving import serve_until_stopped, stop_on_signals
from database import DatabaseError, connected, migrate, pending, running
from settings import Settings, UnreadableSettingsError, read_settings
from telemetry import logs
from telemetry.version import VERSION

commands = typer.Typer(
    add_completion=False, no_args_is_help=True, invoke_without_command=True, pretty_exceptions_enable=False
)
keys = typer.Typer(no_args_is_help=True, help="Keys for tokens and for encryption at rest.")
commands.add_typer(keys, name="keys")
audit = typer.Typer(no_args_is_help=True, help="The audit trail.")
commands.add_typer(audit, name="audit")


@commands.callback()
def program(
    version: Annotated[bool, typer.Option("--version", help="Say which version this is, and end.")] = False,
) -> None:
    """Flexible Credits: the API, its worker, and the commands to run them."""
    if version:
        typer.echo(VERSION)
        raise typer.Exit


class IncompleteError(Exception):
    """A part of the program that a command needs is not there."""


@commands.command()
def serve(worker: Annotated[bool, typer.Option(help="Run the worker in this process too.")] = True) -> None:
    """Start the database, the API and the worker, and stop them all on Ctrl-C."""

    async def run() -> None:
        settings = read_settings()
        logs.configure(settings.log_level)
        await serve_until_stopped(settings, with_worker=worker, tell=_tell)

    _run(run())


@commands.command()
def worker() -> None:
    """Run the worker alone, beside a server that was started with --no-worker."""

    async def run() -> None:
        settings = read_settings()
        logs.configure(settings.log_level)
        async with _open_database(settings) as settings:
            stop = asyncio.Event()
            with stop_on_signals(stop.set):
                _tell("The worker is running; Ctrl-C stops it.")
                await _part("worker", "run")(settings, stop)

    _run(run())


@commands.command("migrate")
def migrate_command() -> None:
    """Bring the database up to date."""

    async def run() -> None:
        async with running(read_settings(), join=True, tell=_tell) as database:
            for name in sorted(await migrate(database.settings)) or ["nothing to migrate"]:
                typer.echo(name)

    _run(run())


@commands.command()
def demo() -> None:
    """Load the demo data, unless they are there."""

    async def run() -> None:
        settings = read_settings()
        if settings.env == "production":
            raise UnreadableSettingsError("FC_ENV=production is refused: demo data are not for real people's servers.")
        async with _open_database(settings):
            if await _part("demo", "is_loaded")():
                typer.echo("The demo data are there.")
            else:
                await _part("demo", "load")()

    _run(run())


@commands.command("invite-first")
def invite_first(
    email: Annotated[str, typer.Argument(help="The address of the first of OPS.")],
    name: Annotated[str, typer.Option(help="Their name.")] = "",
) -> None:
    """Invite the first of OPS to a new server, and print the link; all others are invited by them."""

    async def run() -> None:
        async with _open_database(read_settings()) as settings:
            _part("models.base.encryption", "configure")(settings.key_ring)
            try:
                async with _part("models.base.statements", "transaction")():
                    at = _part("models.base.clock", "real_now")()
                    token = await _part("models.invitations.invitations", "invite_first")(email, name, at=at)
            except _part("models.base.errors", "Refusal") as refusal:
                raise IncompleteError(str(refusal)) from None
            site = _part("notifications.site", "Site")(address=settings.address)
            typer.echo(site.secret("invitation", token))

    _run(run())


@commands.command()
def schema() -> None:
    """Print the schema in GraphQL's own language, as schema.graphql holds it."""
    typer.echo(_part("schema.root", "printed")())


@commands.command()
def documents(
    folder: Annotated[Path, typer.Argument(help="Where the .graphql files are.")] = Path("examples"),
    output: Annotated[Path, typer.Option(help="The manifest to write.")] = Path("build/trusted-documents.json"),
) -> None:
    """Build the manifest of trusted documents from .graphql files."""
    schema = _part("schema.root", "SCHEMA")
    manifest = _part("transport.trusted", "build_manifest")(folder, schema._schema)
    _part("transport.trusted", "write_manifest")(manifest, output)
    typer.echo(f"{len(manifest)} documents in {output}")


@keys.command("new")
def keys_new() -> None:
    """Print fresh keys, ready for the environment of a production server."""
    name = f"k{secrets.token_hex(2)}"
    typer.echo(f"FC_SECRET_KEYS={secrets.token_urlsafe(32)}")
    typer.echo(f"FC_ENCRYPTION_KEYS={name}:{base64.b64encode(secrets.token_bytes(32)).decode()}")


@keys.command("rotate")
def keys_rotate() -> None:
    """Encrypt everything anew with the first key of FC_ENCRYPTION_KEYS, so that older ones can be taken out."""

    async def run() -> None:
        async with _open_database(read_settings()) as settings:
            count = await _part("models.base.encryption", "rotate")(settings.key_ring)
            typer.echo(f"{count} values encrypted anew")

    _run(run())


@audit.command("proof")
def audit_proof(
    noted: Annotated[str, typer.Option(help="A hash noted before, from the log say; it must still stand.")] = "",
) -> None:
    """Derive every seal of the audit trail again; ends with code 1 if anything was changed, removed or put in."""

    async def run() -> None:
        async with _open_database(read_settings()):
            proof = await _part("models.records.audit", "prove")(noted=noted)
            typer.echo(f"{proof.seals} seals over {proof.entries} entries, {proof.unsealed} entries not sealed yet")
            typer.echo(f"the last seal is {proof.head.hex()}")
            if proof.faults:
                raise DatabaseError("\n".join(proof.faults))

    _run(run())


@commands.command()
def health() -> None:
    """Say whether the database is up to date and the server ready; the exit code tells it to machines."""

    async def run() -> None:
        settings = read_settings()
        await asyncio.to_thread(_must_be_ready, f"http://{settings.host}:{settings.port}/readyz")
        async with running(settings, join=True) as database:
            if names := await pending(database.settings):
                raise DatabaseError(f"The database is not up to date: {len(names)} migrations are pending.")
        typer.echo("ready")

    _run(run())


@asynccontextmanager
async def _open_database(settings: Settings) -> AsyncIterator[Settings]:
    """The database, running, up to date and open; that of a running server if there is one."""
    async with running(settings, join=True, tell=_tell) as database:
        await migrate(database.settings)
        async with connected(database.settings):
            yield database.settings


def _must_be_ready(url: str) -> None:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 (always http, the address is our own)
            return
    except (OSError, urllib.error.URLError) as error:
        raise DatabaseError(f"The server is not ready at {url}: {error}.") from None


def _part(module: str, name: str) -> Any:
    """A part of the program that only some commands need, loaded when it is needed."""
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise IncompleteError(f"This copy of the program has no {module}.") from None
    except AttributeError:
        raise IncompleteError(f"This copy of the program has no {module}.{name}.") from None


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end; a foreseeable fault is told in sentences and ends with code 1 (settings: 2), Ctrl-C with 0."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except (UnreadableSettingsError, DatabaseError, IncompleteError) as error:
        _tell(str(error))
        raise typer.Exit(2 if isinstance(error, UnreadableSettingsError) else 1) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        _tell("Stopped.")


if __name__ == "__main__":
    commands()
