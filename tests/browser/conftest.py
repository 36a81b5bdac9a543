"""The browser, the server on loopback and one visit a test."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.chromium import FLAGS, chromium
from tests.browser.server import demo_server
from tests.browser.visit import Visit
from tests.support.postgres import copy_of_template
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
async def base(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a demo server on loopback, with the demo data."""
    if not (BUILT / "graphiql.html").is_file():
        pytest.fail("the pages are not built: run `make web`")
    async with copy_of_template(postgres) as url, demo_server(url, tmp_path_factory.mktemp("demo")) as address:
        yield address


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, base: str) -> AsyncIterator[Visit]:
    """A new window; whatever the test did in it, nobody outside was asked, and the page sent trusted documents."""
    context = await browser.new_context(viewport={"width": 1360, "height": 800})
    begun = await Visit.begin(context, base)
    yield begun
    await context.close()
    assert begun.outside == []
    assert begun.untrusted() == []
