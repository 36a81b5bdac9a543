"""GraphiQL of a server in production, in a browser that knows it by its public address alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from tests.support.first_day import ADDRESS, PASSWORD, FirstDay, command, commands_of_guide, new_server

OPS, SCHOOL = "ada@credits.example", "counseling@harborside.example"
INTROSPECTION = "query Look { __schema { queryType { name } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def day(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FirstDay]:
    """A server in production with its first person of OPS and one of a school's staff."""
    folder = tmp_path_factory.mktemp("production")
    async with new_server(postgres, folder) as day:
        await command(commands_of_guide()[1], folder, **day.settings)
        async with day.served():
            await day.join(OPS, "OPS", "Ada")
            await day.step("01-open-school")
            await day.step("02-invite-school-staff")
            await day.join(SCHOOL, "SCHOOL")
            yield day


@pytest_asyncio.fixture(loop_scope="session")
async def page(day: FirstDay, browser: Browser) -> AsyncIterator[Page]:
    """An empty window at the public address; what it asks is carried to the server as a proxy would."""
    asked: list[str] = []

    async def carry(route: Route) -> None:
        request = route.request
        at = urlsplit(request.url)
        asked.append(at.netloc)
        headers = {name: value for name, value in (await request.all_headers()).items() if not name.startswith(":")}
        answer = await day.http.request(
            request.method,
            at.path + (f"?{at.query}" if at.query else ""),
            headers=headers | {"host": "credits.example", "accept-encoding": "identity"},
            content=request.post_data_buffer,
        )
        await route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    async with await browser.new_context(viewport={"width": 1360, "height": 800}) as context:
        await context.route("**/*", carry)
        yield await context.new_page()
    assert set(asked) == {"credits.example"}


async def test_a_stranger_is_asked_to_sign_in_and_the_page_asks_the_api_nothing(page: Page) -> None:
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.url.endswith("/graphql") else None)
    await page.goto(f"{ADDRESS}/graphiql")
    await expect(page.get_by_label("E-mail")).to_be_visible()
    assert await page.locator(".graphiql-container").count() == 0
    assert posts == []
    assert "demo" not in (await page.locator("body").inner_text()).lower()
    assert await page.get_by_role("group", name="Demo server's clock").count() == 0


async def test_staff_of_a_school_sign_in_and_run_their_worked_queries(page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    await page.goto(f"{ADDRESS}/graphiql")
    await sign_in(page, SCHOOL)
    answers = await run(page)
    assert "errors" not in answers
    assert complaints == []


async def test_program_staff_sign_in_with_their_second_factor_and_see_the_schema(page: Page, day: FirstDay) -> None:
    await page.goto(f"{ADDRESS}/graphiql")
    await sign_in(page, OPS)
    next_code = pyotp.TOTP(day.people["OPS"].secret).at(day.now + timedelta(seconds=30))  # the one before is used up
    await page.get_by_role("textbox", name="One-time code").fill(next_code)
    await page.get_by_role("button", name="Continue").click()
    assert "errors" not in await run(page)
    answer = await day.answer({"query": INTROSPECTION}, "OPS")
    assert answer["data"]["__schema"]["queryType"]["name"] == "Query"


async def sign_in(page: Page, email: str) -> None:
    """Fill in the form in front of the editor."""
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def run(page: Page) -> dict[str, Any]:
    """What comes back for the query that the page offers first."""
    button = page.get_by_role("button", name="Execute")
    await expect(button).to_be_visible(timeout=30_000)
    async with page.expect_response(lambda response: response.url.endswith("/graphql")) as answered:
        await button.click()
    answer: dict[str, Any] = json.loads(await (await answered.value).text())
    return answer
