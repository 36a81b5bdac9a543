"""People for tests: invited, signed up by the link that was mailed to them, and asking with their own token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from models.accounts import links
from models.accounts.agreements import required_of
from models.accounts.links import Purpose
from models.base import clock
from models.base.access import Role
from models.base.statements import fetch
from tests.support.api import Api

PASSWORD = "violet harbor lantern 7"
ERRORS = "userErrors { code message field rule fix }"
SIGNED_IN = f"accessToken refreshToken expiresAt viewer {{ id role account {{ id email name }} }} {ERRORS}"
SIGN_UP = f"mutation ($input: SignUpInput!) {{ signUp(input: $input) {{ {SIGNED_IN} }} }}"
SIGN_IN = f"mutation ($input: SignInInput!) {{ signIn(input: $input) {{ {SIGNED_IN} }} }}"
REFRESH = f"mutation ($input: RefreshInput!) {{ refresh(input: $input) {{ {SIGNED_IN} }} }}"
WHO = "{ viewer { id role account { email name } } }"


@dataclass(kw_only=True)
class Person:
    """Somebody with tokens of their own, and what they were last answered."""

    api: Api
    email: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)

    async def send(self, query: str, **variables: Any) -> Any:
        """The whole answer to a document, sent with the access token."""
        body = {"query": query, "variables": variables}
        answer = await self.api.http.post("/graphql", json=body, headers={"authorization": f"Bearer {self.access}"})
        return answer.json()

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        answer = await self.send(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def do(self, mutation: str, selection: str, **fields: Any) -> Any:
        """The payload of one mutation with this `input`."""
        name = mutation[0].upper() + mutation[1:]
        takes = f"(input: $input) {{ {selection} {ERRORS} }}"
        return (await self.ask(f"mutation ($input: {name}Input!) {{ {mutation}{takes} }}", input=fields))[mutation]

    async def code(self, query: str, **variables: Any) -> str:
        """The code of the one top-level error of an answer."""
        errors = (await self.send(query, **variables))["errors"]
        assert len(errors) == 1
        return str(errors[0]["extensions"]["code"])


async def mailed_token(email: str, purpose: Purpose = Purpose.INVITATION) -> str:
    """The token of the newest link to an address, as the mail would carry it."""
    rows = await fetch(
        "SELECT id FROM secret_links WHERE email = $1 AND purpose = $2 ORDER BY id DESC LIMIT 1", email, purpose.value
    )
    token = await links.token_of(rows[0].id, at=await clock.demo_now())
    assert token is not None, "the newest link is dead"
    return token


def accepts(role: Role) -> list[dict[str, str]]:
    """What this role accepts, as clients send it."""
    return [{"document": one.document.value, "version": one.version} for one in required_of(role)]


def person(api: Api, email: str, payload: Any) -> Person:
    """Somebody who was handed out tokens."""
    assert payload["userErrors"] == [], payload["userErrors"]
    return Person(api=api, email=email, access=payload["accessToken"], refresh=payload["refreshToken"])


async def invited(api: Api, email: str, *, by: str = "OPS", role: str = "OPS", **more: Any) -> str:
    """The token of an invitation that was sent."""
    query = f"mutation ($input: InviteInput!) {{ invite(input: $input) {{ invitation {{ id }} {ERRORS} }} }}"
    answer = (await api.ask(query, role=by, input={"email": email, "role": role, **more}))["invite"]
    assert answer["userErrors"] == [], answer["userErrors"]
    return await mailed_token(email)


async def signed_up(api: Api, email: str, *, role: str = "OPS", name: str = "Robin Vale", **more: Any) -> Person:
    """Somebody new, by an invitation of OPS."""
    token = await invited(api, email, role=role, **more)
    sent = {"token": token, "name": name, "password": PASSWORD, "accepts": accepts(Role(role))}
    return person(api, email, (await api.ask(SIGN_UP, input=sent))["signUp"])


async def signed_in(api: Api, email: str, password: str = PASSWORD, **more: Any) -> Person:
    """Somebody who signs in with their password."""
    sent = {"email": email, "password": password, **more}
    return person(api, email, (await api.ask(SIGN_IN, input=sent))["signIn"])
