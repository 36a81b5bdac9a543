"""The application as a client meets it: over ASGI, in this process, with accounts for each role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

import demo
from app import create_app
from settings import Settings


@dataclass(kw_only=True)
class Api:
    """A client: signed in as one role after another, it asks and gets answers."""

    http: httpx2.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)

    async def send(
        self, query: str, *, role: str | None = None, variables: dict[str, Any] | None = None, **more: Any
    ) -> httpx2.Response:
        """Post a document, as this role if one is named; the bare HTTP answer."""
        headers = {"authorization": f"Bearer {await self.token(role)}"} if role else {}
        body = {"query": query, "variables": variables or {}, **more}
        return await self.http.post("/graphql", json=body, headers=headers)

    async def ask(self, query: str, *, role: str | None = None, **variables: Any) -> Any:
        """The data of an answer without any error."""
        answer = (await self.send(query, role=role, variables=variables)).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def fail(self, query: str, *, role: str | None = None, **variables: Any) -> list[Any]:
        """The errors of an answer that must have some."""
        answer = (await self.send(query, role=role, variables=variables)).json()
        errors: list[Any] = answer["errors"]
        return errors

    async def do(self, mutation: str, *, role: str, selection: str, **fields: Any) -> Any:
        """The payload of one mutation with this `input`."""
        name = mutation[0].upper() + mutation[1:]
        payload = f"{selection} userErrors {{ code message field rule fix }}"
        query = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {payload} }} }}"
        return (await self.ask(query, role=role, input=fields))[mutation]

    async def token(self, role: str) -> str:
        """The access token of the demo account of this role."""
        if role not in self.tokens:
            account = next(account for account in demo.ACCOUNTS if account.role == role)
            self.tokens[role] = account.key or await self.sign_in(account.email)
        return self.tokens[role]

    async def sign_in(self, email: str, password: str = demo.PASSWORD) -> str:
        """An access token for an address and its password."""
        answer = await self.ask(SIGN_IN, input={"email": email, "password": password})
        token: str = answer["signIn"]["accessToken"]
        return token


SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { code } } }"


@asynccontextmanager
async def api_on(settings: Settings) -> AsyncIterator[Api]:
    """A client of an application with the demo data, on a database that is open already."""
    if not await demo.is_loaded():
        await demo.load()
    transport = httpx2.ASGITransport(app=create_app(settings))
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield Api(http=http)
