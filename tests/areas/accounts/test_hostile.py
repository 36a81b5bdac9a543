"""Hostile text in the fields of sign-in: a refusal or an ordinary answer, never a fault of ours."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support.accounts import REFRESH, SIGN_IN, SIGN_UP
from tests.support.api import Api, api_on
from tests.support.databases import own_database

RESET = "mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { userErrors { code } } }"
VERIFY = "mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { userErrors { code } } }"
EXCHANGE = "mutation ($input: ExchangeCampusCodeInput!) { exchangeCampusCode(input: $input) { userErrors { code } } }"
TEXTS = ["", "\0", "a\0b", "\ud800", "x" * 20_000, "𝕬" * 200, "' OR 1=1 --", "\n\r\t", "%00", "fc_link_", "é" * 129]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text[:12]))
async def test_no_text_is_a_fault_of_ours(api: Api, text: str) -> None:
    sent: dict[str, list[dict[str, Any]]] = {
        SIGN_IN: [
            {"email": "student@demo.test", "password": text},
            {"email": "student@demo.test", "password": "demo-password-2026", "device": text},
            {"email": "student@demo.test", "password": "demo-password-2026", "oneTimeCode": text},
        ],
        REFRESH: [{"refreshToken": text}],
        SIGN_UP: [{"token": text, "password": text, "accepts": [{"document": "PRIVACY_POLICY", "version": text}]}],
        RESET: [{"token": text, "password": text}],
        VERIFY: [{"token": text}],
        EXCHANGE: [{"code": text, "verifier": text}],
    }
    for query, inputs in sent.items():
        for fields in inputs:
            body = {"query": query, "variables": {"input": fields}}
            answer = (await api.http.post("/graphql", content=dumps(body), headers=JSON)).json()
            faults = {error["extensions"]["code"] for error in answer.get("errors", [])}
            assert faults <= {"BAD_REQUEST", "BAD_INPUT", "VALIDATION_FAILED"}, answer


@pytest.mark.parametrize("header", ["Bearer fc_partner_", "Bearer fc_partner_\x7f", "Bearer " + "x" * 3000, "Bearer é"])
async def test_no_token_is_a_fault_of_ours(api: Api, header: str) -> None:
    body = {"query": "{ viewer { role } }"}
    answer = await api.http.post("/graphql", json=body, headers={b"authorization": header.encode("latin-1")})
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "path", ["/campus/%00/sign-in", "/campus/callback?state=%00&code=%00", "/campus/x/sign-in?challenge=%ff"]
)
async def test_no_campus_address_is_a_fault_of_ours(api: Api, path: str) -> None:
    answer = await api.http.get(path, headers={"cookie": "fc_campus=%00"})
    assert answer.status_code in (400, 404)


JSON = {"content-type": "application/json"}


def dumps(body: object) -> bytes:
    """JSON that may hold half a character, escaped as a client would."""
    return json.dumps(body).encode()
