"""A person at the GraphiQL page: what they click, what they read, and what their browser asked of whom."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
from graphql import OperationDefinitionNode, parse
from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Route, WebSocket

from tests.support.api import Api
from tests.support.trusted import NAME_OF, PAGES_OWN, name_of
from web.examples import examples

SECONDS_MAX = 30
MODEL = "globalThis.__MONACO.editor.getModels().find((model) => model.uri.path.endsWith(%s))"
ANSWER = MODEL % "'response.json'"


DIRECTORY = """
query ($since: DateTime!) {
  providers(filter: {state: "MA"}, first: 20) { nodes { name openings(first: 1, from: $since) { nodes { id } } } }
}
"""


CALLED_OFF_BY = {"REQUESTED": "withdrawAppointment", "CONFIRMED": "cancelAppointment"}


class Elsewhere(Api):
    """Another client of the same server, which acts as whom it is told to."""

    @asynccontextmanager
    async def booking(self, *, days_ahead: int) -> AsyncIterator[str]:
        """An appointment that the demo's student has requested of the demo's provider; called off in the end."""
        id = await self.request(days_ahead=days_ahead)
        yield id
        now_it_is = await self.ask("query ($id: ID!) { appointment(id: $id) { status } }", role="STUDENT", id=id)
        await self.act(CALLED_OFF_BY[now_it_is["appointment"]["status"]], role="STUDENT", appointmentId=id)

    async def request(self, *, days_ahead: int) -> str:
        """Let the demo's student request a session of the demo's provider; the appointment's id."""
        now = datetime.fromisoformat((await self.ask("{ now }"))["now"])
        since = (now + timedelta(days=days_ahead)).isoformat()
        found = (await self.ask(DIRECTORY, role="STUDENT", since=since))["providers"]["nodes"]
        opening = next(it["openings"]["nodes"][0]["id"] for it in found if it["name"] == "Noor Haddad")
        asked = {"openingId": opening, "state": "MA", "acceptsMissedAppointmentPolicy": True}
        return str((await self.act("requestAppointment", role="STUDENT", **asked))["id"])

    async def act(self, mutation: str, *, role: str, **fields: Any) -> Any:
        """The appointment after this mutation of it."""
        answer = await self.do(mutation, role=role, selection="appointment { id status }", **fields)
        assert answer["userErrors"] == [], answer["userErrors"]
        return answer["appointment"]


WORKED = {example.query for example in examples()}
"""What a person runs in the editor, under names of its own; one is called as an operation of the page's."""


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
    async def begin(cls, context: BrowserContext, base: str) -> Visit:
        """Open an empty window whose every request is watched."""
        visit = cls(await context.new_page(), base)
        await context.route("**/*", visit._let_through_or_abort)
        visit.page.on("websocket", visit._watch_socket)
        visit.page.on("console", visit._watch_console)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        return visit

    async def config(self) -> dict[str, Any]:
        """What the server tells the page: environment, demo accounts, worked queries."""
        answer = await self.page.request.get(f"{self.base}/graphiql/config.json")
        return dict(await answer.json())

    async def open_graphiql(self) -> None:
        """Open the page and wait until one can sign in."""
        await self.page.goto(f"{self.base}/graphiql")
        await self.page.get_by_role("heading", level=2).wait_for()

    async def sign_in(self, role: str) -> None:
        """Click a demo account's button, and wait until the bar says who is signed in."""
        roles = self.page.get_by_role("group", name="Sign in as a demo account")
        await roles.get_by_role("button", name=role, exact=True).click()
        await self.page.wait_for_selector(f".roles button[aria-pressed=true]:text-is('{role}')")
        if await self.page.get_by_role("region", name="Second factor").count() == 0:
            await self.can_type()

    async def can_type(self) -> None:
        """Wait until the editors can be typed into."""
        await self.page.wait_for_selector(".graphiql-query-editor .view-line")
        await self.until(f"globalThis.__MONACO && {ANSWER}")

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

    async def on_screen(self) -> str:
        """Everything that can be read: the page's text, and what its editors hold."""
        editors = "globalThis.__MONACO.editor.getModels().map((model) => model.getValue()).join()"
        return str(await self.page.evaluate(f"document.body.innerText + {editors}"))

    async def run(self) -> Any:
        """Press the run button and read the answer."""
        await self.page.evaluate(f"{ANSWER}.setValue('')")
        await self.press_run()
        return await self.answer()

    async def press_run(self) -> None:
        """Press the run button."""
        await self._settle()
        await self.page.get_by_role("button", name="Execute").click()

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

    @asynccontextmanager
    async def elsewhere(self) -> AsyncIterator[Elsewhere]:
        """Other people with other clients of the same server."""
        async with httpx2.AsyncClient(base_url=self.base, trust_env=False) as http:
            yield Elsewhere(http=http)

    async def pass_hours(self, hours: int) -> None:
        """Let somebody of the program's staff move the server's clock, elsewhere."""
        async with self.elsewhere() as api:
            assert (await api.do("moveClock", role="OPS", selection="now", hours=hours))["now"]

    async def configure(self, **changes: Any) -> None:
        """Let the page read another configuration than the server's."""
        config = {**await self.config(), **changes}

        async def answer(route: Route) -> None:
            self.watch_request(route.request)
            await route.fulfill(json=config)

        await self.page.route("**/graphiql/config.json", answer)

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

    def untrusted(self) -> list[str]:
        """What the page sent by itself as free text, which no production server would answer."""
        texts = {operation["query"] for operation in self.operations if "query" in operation} - WORKED
        return sorted(PAGES_OWN.keys() & {name_of(text) for text in texts})

    def sent(self) -> list[str]:
        """The names of the page's own operations that it has sent, in order."""
        ids = [operation["documentId"] for operation in self.operations if "documentId" in operation]
        return [NAME_OF[id] for id in ids]

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
