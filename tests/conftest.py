"""Fixtures of the whole suite: the run's own PostgreSQL, and databases to work in, with or without real commits."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from typing import Any

import hypothesis
import pytest
import pytest_asyncio
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from tortoise.backends.base.client import BaseDBAsyncClient

from database import connected
from integrations.storing import in_folder
from models.accounts import passwords
from models.base import encryption
from models.base.statements import transaction
from models.files import store as stores
from settings import PREFIX, Settings
from tests.support.log_capture import LogCapture
from tests.support.postgres import DATA_OF_RUN, SETTINGS_OF_RUN, Server, copy_of_template, settings_for

SERVER = pytest.StashKey[Server]()
RACE_POOL_SIZE = 60
CHEAP_PASSWORDS = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


class _RollBackError(Exception):
    """Leaves a test's transaction, so that nothing of the test stays."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the API's tests run on either path of execution."""
    parser.addoption("--graphql-core", action="store_true", help="answer by graphql-core, not by compiled plans")


def pytest_configure(config: pytest.Config) -> None:
    """Keep the developer's own settings and all chance out of the tests; only a soak draws new cases each time."""
    hypothesis.settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
    hypothesis.settings.register_profile("fresh", deadline=None)  # a busy machine is no fault
    hypothesis.settings.load_profile("fresh" if config.option.markexpr == "soak" else "fixed")
    if config.getoption("--graphql-core"):
        SETTINGS_OF_RUN["compiled"] = False
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    config.pluginmanager.register(LogCapture(config), "log capture")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give each of pytest-xdist's workers the address of the one server, which their controller starts."""
    node.workerinput["postgres"] = _server(node.config).url


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, if this process started one."""
    if SERVER in config.stash:
        config.stash[SERVER].stop()
        del config.stash[SERVER]


def _server(config: pytest.Config) -> Server:
    if SERVER not in config.stash:
        config.stash[SERVER] = Server()
    return config.stash[SERVER]


@pytest.fixture(scope="session", autouse=True)
def passwords_of_production() -> Iterator[PasswordHash]:
    """Hash passwords in no time in this process; what production hashes them with is for the tests of that."""
    production = passwords.PASSWORDS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "PASSWORDS", CHEAP_PASSWORDS)
        yield production


@pytest.fixture(scope="session", autouse=True)
def keys_of_the_run() -> None:
    """The keys that every server of the run has, for what is sealed without a server."""
    encryption.configure(settings_for("postgres://unused").key_ring)


@pytest.fixture(scope="session", autouse=True)
def store_of_the_run() -> Iterator[None]:
    """The folder in which every server of this process keeps files, for what is kept without a server."""
    stores.configure(in_folder(DATA_OF_RUN / "files"))
    yield
    shutil.rmtree(DATA_OF_RUN, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> str:
    """The address of the run's own PostgreSQL server."""
    shared = getattr(pytestconfig, "workerinput", {})
    return str(shared["postgres"]) if "postgres" in shared else _server(pytestconfig).url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database_settings(postgres: str) -> AsyncIterator[Settings]:
    """Settings whose database is this process's own copy of the template."""
    async with copy_of_template(postgres) as url:
        yield settings_for(url)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database(database_settings: Settings) -> AsyncIterator[Settings]:
    """This process's database, open for the ORM; what a test commits there stays for the tests after it."""
    async with connected(database_settings):
        yield database_settings


@pytest_asyncio.fixture(loop_scope="session")
async def rolled_back(database: Settings) -> AsyncIterator[BaseDBAsyncClient]:
    """A transaction around the test that is rolled back after it; transactions inside become savepoints."""
    try:
        async with transaction() as connection:
            yield connection
            raise _RollBackError
    except _RollBackError:
        pass


@pytest_asyncio.fixture(loop_scope="session")
async def committed(postgres: str) -> AsyncIterator[Settings]:
    """A fresh database for one test, with real commits and room for many connections; dropped afterwards."""
    async with copy_of_template(postgres) as url:
        settings = settings_for(url, pool_size=RACE_POOL_SIZE)
        async with connected(settings):
            yield settings
