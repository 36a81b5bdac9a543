"""A new server in production as its first people meet it: mails, pages and trusted documents over HTTP, and no SQL."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shlex
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pyotp

from tests.notifications.server import WAIT_SECONDS, MailServer, content_of, mail_server
from tests.support.main_job import collect
from tests.support.postgres import new_database
from tests.support.processes import ROOT, Served, run_command
from tests.support.trusted import ID_OF
from web.examples import Example, first_day

GUIDE = ROOT / "docs" / "guides" / "first-day.md"
ADDRESS = "https://credits.example"
PASSWORD = "seven quiet herons over the bay"
STEPS = {example.name: example for example in first_day()}


def steps_of_guide() -> list[str]:
    """The names of the documents in the order in which the guide has them."""
    return re.findall(r"examples/first-day/([\w-]+)\.graphql", GUIDE.read_text())


def commands_of_guide() -> list[str]:
    """What the guide has a person type after `make cli`."""
    return re.findall(r'^make cli ARGS="(.*)"$', GUIDE.read_text(), re.MULTILINE)


def settings_of_guide() -> dict[str, str]:
    """The settings that the guide puts into `.env`."""
    return dict(re.findall(r"^(FC_\w+)=(.*)$", GUIDE.read_text(), re.MULTILINE))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass(kw_only=True)
class Person:
    """Somebody who has joined: where their mail goes, and what they hold."""

    email: str
    access: str
    refresh: str
    secret: str = ""


@dataclass(kw_only=True)
class FirstDay:
    """The server, its mail, and everybody who has joined so far, by role."""

    data_dir: Path
    settings: dict[str, str]
    mail: MailServer
    ahead: timedelta = timedelta()
    people: dict[str, Person] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    http: httpx2.AsyncClient = field(init=False)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """The server for the length of the block, at the time that it is then."""
        port = free_port()
        variables = {"FC_PORT": str(port), "AHEAD_SECONDS": str(int(self.ahead.total_seconds()))} | self.settings
        served = await asyncio.to_thread(Served, self.data_dir, module="tests.support.later", **variables)
        try:
            base = f"http://127.0.0.1:{port}"
            async with httpx2.AsyncClient(base_url=base, headers={"host": "credits.example"}, timeout=30) as self.http:
                yield
        finally:
            await asyncio.to_thread(served.__exit__)

    @property
    def now(self) -> datetime:
        """The server's time."""
        return datetime.now(UTC) + self.ahead

    async def answer(self, body: dict[str, Any], role: str | None) -> Any:
        """The whole answer to a request, under this role if one is named."""
        headers = {"authorization": f"Bearer {self.people[role].access}"} if role else {}
        return (await self.http.post("/graphql", json=body, headers=headers)).json()

    async def page(self, name: str, role: str | None = None, **variables: Any) -> Any:
        """The result of the one field of a document of our pages, done without refusals."""
        return done(await self.answer({"documentId": ID_OF[name], "variables": variables}, role))

    async def step(self, name: str, **changes: Any) -> Any:
        """Run the next document of the guide as GraphiQL would; `changes` are a person's own values."""
        self.ran.append(name)
        example = STEPS[name]
        data = done(await self.answer(filled(example, self.known, changes), example.role))
        seen: dict[str, str] = {}
        collect(data, seen)
        self.known.update(seen)
        return data

    async def letter(self, email: str, subject: str) -> str:
        """The text of the newest mail to this address whose subject holds these words, once it has arrived."""

        def newest() -> str | None:
            found = [message for to, message in self.mail.taken if to == email and subject in str(message["Subject"])]
            return content_of(found[-1])[0] if found else None

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS), self.mail.arrived:
                await self.mail.arrived.wait_for(lambda: newest() is not None)
        text = newest()
        assert text is not None, f"no mail about {subject!r}, but {self.mail.subjects(email)}"
        return text

    async def follow(self, text: str, page: str) -> str:
        """Open the mail's link to a page of ours; what stands behind the page's name, if anything."""
        link = re.search(rf"{re.escape(ADDRESS)}(/{page}(?:[/#](\S+))?)\s", text)
        assert link is not None, text
        opened = await self.http.get(link[1].partition("#")[0])
        assert (opened.status_code, opened.headers["content-type"]) == (200, "text/html; charset=utf-8")
        return link[2] or ""

    async def join(self, email: str, role: str, name: str = "") -> Person:
        """Accept the invitation in the mail by the pages' documents, with a second factor where one is needed."""
        token = await self.follow(await self.letter(email, "invited"), "invitation")
        offer = await self.page("InvitationOffer", token=token)
        assert offer["role"] == role
        asked = {"token": token, "name": name or offer["name"], "password": PASSWORD, "accepts": offer["agreements"]}
        signed_up = await self.page("SignUp", input=asked)
        person = Person(email=email, access=signed_up["accessToken"], refresh=signed_up["refreshToken"])
        self.people[role] = person
        if (await self.page("SecondFactor", role))["isRequired"]:
            person.secret = (await self.page("EnrolSecondFactor", role))["secret"]
            await self.page("ConfirmSecondFactor", role, input={"oneTimeCode": self.code(person)})
        return person

    def code(self, person: Person) -> str:
        """What the person's authenticator shows."""
        return pyotp.TOTP(person.secret).at(self.now)

    async def sign_in(self, role: str) -> Any:
        """Sign in again; the whole answer of `signIn`."""
        person = self.people[role]
        asked = {"email": person.email, "password": PASSWORD}
        if person.secret:
            asked["oneTimeCode"] = self.code(person)
        answer = (await self.answer({"documentId": ID_OF["SignIn"], "variables": {"input": asked}}, None))["data"]
        if answer["signIn"]["accessToken"]:
            person.access, person.refresh = answer["signIn"]["accessToken"], answer["signIn"]["refreshToken"]
        return answer["signIn"]

    async def refreshed(self, role: str) -> list[str]:
        """Exchange the refresh token; the codes of what refuses it."""
        person = self.people[role]
        variables = {"input": {"refreshToken": person.refresh}}
        answer = (await self.answer({"documentId": ID_OF["Refresh"], "variables": variables}, None))["data"]["refresh"]
        if answer["accessToken"]:
            person.access, person.refresh = answer["accessToken"], answer["refreshToken"]
        return [error["code"] for error in answer["userErrors"]]


@asynccontextmanager
async def new_server(postgres: str, folder: Path) -> AsyncIterator[FirstDay]:
    """A server that has been set up as the guide says, on this machine's mail server and an empty database."""
    async with mail_server() as mail, new_database(postgres) as url:
        keys = await command(commands_of_guide()[0], folder)
        here = {"FC_DATABASE_URL": url, "FC_SMTP_URL": mail.url}
        settings = settings_of_guide() | dict(line.split("=", 1) for line in keys.split()) | here
        yield FirstDay(data_dir=folder, settings=settings, mail=mail)


async def command(words: str, data_dir: Path, **settings: str) -> str:
    """What a command of the guide prints."""
    ended = await asyncio.to_thread(lambda: run_command(*shlex.split(words), data_dir=data_dir, **settings))
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def filled(example: Example, known: dict[str, str], changes: dict[str, Any]) -> dict[str, Any]:
    """A document as GraphiQL sends it: its variables have the ids seen so far, and a person's own values."""
    text = re.sub(r'"\{(\w+)\}"', lambda slot: json.dumps(known[slot[1]]), example.variables)
    variables = json.loads(text)
    if changes:
        variables["input"] |= changes
    return {"query": example.query, "variables": variables}


def done(answer: Any) -> Any:
    """The result of the one field that was asked for; nothing refused it."""
    assert "errors" not in answer, answer["errors"]
    [result] = (value for name, value in answer["data"].items() if name != "now")
    if isinstance(result, dict):
        assert result.get("userErrors", []) == []
    return result
