"""The browser, the server on loopback and one visit a test."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, async_playwright

from tests.browser.chromium import FLAGS, chromium
from tests.browser.stand_in import create_app
from tests.browser.visit import Visit
from web.pages import BUILT


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium with a fresh profile."""
    path = chromium()
    if path is None:
        pytest.skip(
            "no Chromium on this machine, and it cannot be installed here (on Debian: apt-get install chromium)"
        )
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def base() -> AsyncIterator[str]:
    """The address of a demo server on loopback."""
    if not (BUILT / "graphiql.html").is_file():
        pytest.fail("the pages are not built: run `make web`")
    server = uvicorn.Server(uvicorn.Config(create_app(), port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, base: str) -> AsyncIterator[Visit]:
    """A new window; whatever the test did in it, nobody outside was asked for anything."""
    context = await browser.new_context(viewport={"width": 1360, "height": 800})
    begun = await Visit.begin(context, base)
    yield begun
    await context.close()
    assert begun.outside == []
