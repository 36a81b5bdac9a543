"""A person at the GraphiQL page: what they click, what they read, and what their browser asked of whom."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from graphql import OperationDefinitionNode, parse
from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Route, WebSocket

SECONDS_MAX = 30
MODEL = "globalThis.__MONACO.editor.getModels().find((model) => model.uri.path.endsWith(%s))"
ANSWER = MODEL % "'response.json'"


class Visit:
    """One browser window, alone with its storage, that can reach this server only."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.asked: list[str] = []
        self.outside: list[str] = []
        self.complaints: list[str] = []
        self.operations: list[dict[str, Any]] = []

    @classmethod
    async def begin(cls, context: BrowserContext, base: str) -> "Visit":
        """Open an empty window whose every request is watched."""
        visit = cls(await context.new_page(), base)
        await context.route("**/*", visit._let_through_or_abort)
        visit.page.on("websocket", visit._watch_socket)
        visit.page.on("console", visit._watch_console)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        return visit

    async def config(self) -> dict[str, Any]:
        """What the server tells the page: environment, demo accounts, worked queries."""
        answer = await self.page.request.get(f"{self.base}/graphql/config.json")
        return dict(await answer.json())

    async def open_graphiql(self) -> None:
        """Open the page and wait until its editors can be typed into."""
        await self.page.goto(f"{self.base}/graphql")
        await self.page.wait_for_selector(".graphiql-query-editor .view-line")
        await self.until(f"globalThis.__MONACO && {ANSWER}")

    async def sign_in(self, role: str) -> None:
        """Click a demo account's button, and wait until the bar says who is signed in."""
        button = self.page.get_by_role("group", name="Sign in as a demo account").get_by_role("button", name=role)
        await button.click()
        await self.page.wait_for_selector(f".roles button[aria-pressed=true]:text-is('{role}')")

    async def move_clock(self, step: str) -> None:
        """Move the server's clock as staff, and wait until the page is signed in again after the jump."""
        await self.page.get_by_role("group", name="Demo server's clock").get_by_role("button", name=step).click()
        await self.until("!document.querySelector('.clock button:disabled')")

    async def open_starter(self, title: str) -> None:
        """Open a worked query by its button."""
        await (
            self.page.get_by_role("navigation", name="Worked queries")
            .get_by_role("button", name=title, exact=True)
            .click()
        )

    async def write(self, query: str, variables: Mapping[str, Any] | None = None) -> None:
        """Put an operation and its variables into the editors of a new tab."""
        await self.page.get_by_role("button", name="New tab").click()
        for name, text in {"operation.graphql": query, "variables.json": json.dumps(dict(variables or {}))}.items():
            await self.page.evaluate(f"(text) => {MODEL % json.dumps(name)}.setValue(text)", text)

    async def written(self, name: str) -> str:
        """What stands in one of the editors."""
        return str(await self.page.evaluate(f"{MODEL % json.dumps(name)}.getValue()"))

    async def run(self) -> Any:
        """Press the run button and read the answer."""
        await self.page.evaluate(f"{ANSWER}.setValue('')")
        await self._settle()
        await self.page.get_by_role("button", name="Execute").click()
        return await self.answer()

    async def _settle(self) -> None:
        """The editor reads what was typed after a short pause, and then names its tab after the operation."""
        document = parse(await self.written("operation.graphql"))
        names = [it.name.value for it in document.definitions if isinstance(it, OperationDefinitionNode) and it.name]
        await self.until(f"document.querySelector('.graphiql-tab-active').textContent.includes({json.dumps(names[0])})")

    async def answer(self, containing: str = "") -> Any:
        """The answer's text as data, once there is one that contains the given words."""
        await self.until(f"{ANSWER}.getValue().includes({json.dumps(containing)}) && {ANSWER}.getValue()")
        return json.loads(await self.page.evaluate(f"{ANSWER}.getValue()"))

    async def until(self, condition: str) -> None:
        """Wait in the page for a condition; Playwright's own way needs `eval`, which the policy forbids."""
        look = f"(done) => {{ const look = () => ({condition}) ? done() : requestAnimationFrame(look); look(); }}"
        async with asyncio.timeout(SECONDS_MAX):
            await self.page.evaluate(f"new Promise({look})")

    async def stored(self) -> str:
        """Everything that the browser keeps for this page, as one text."""
        storage = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
        databases = "indexedDB.databases().then((all) => all.map(({name}) => name).join())"
        cookies = json.dumps([dict(cookie) for cookie in await self.page.context.cookies()])
        return f"{await self.page.evaluate(storage)} {await self.page.evaluate(databases)} {cookies}"

    def watch_request(self, request: Request) -> None:
        """Remember what the browser asked for."""
        self.asked.append(request.url)
        if request.method == "POST" and request.post_data:
            self.operations.append(json.loads(request.post_data))

    async def _let_through_or_abort(self, route: Route) -> None:
        self.watch_request(route.request)
        if self._is_ours(route.request.url):
            await route.continue_()
        else:
            self.outside.append(route.request.url)
            await route.abort()

    def _watch_socket(self, socket: WebSocket) -> None:
        if not self._is_ours(socket.url):
            self.outside.append(socket.url)

    def _watch_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _is_ours(self, url: str) -> bool:
        return urlsplit(url).netloc == urlsplit(self.base).netloc
