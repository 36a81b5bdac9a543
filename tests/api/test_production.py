"""A server as it stands in production: trusted documents alone, the second factor, and pages of listed origins."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pyotp
import pytest
import pytest_asyncio
from graphql import build_client_schema, build_schema, get_introspection_query
from pydantic import SecretStr

import demo
from app import create_app, graphiql_config, trusted_documents
from execution import plans
from models.accounts import links
from models.accounts.links import Purpose
from models.base import clock, encryption
from models.base.access import Role
from models.base.statements import transaction
from models.invitations import invitations
from models.invitations.invitations import MembershipOffer
from schema.root import SCHEMA
from settings import Settings, UnreadableSettingsError
from tests.platform.test_settings import PRODUCTION
from tests.support.api import SIGN_IN, Api
from tests.support.trusted import ID_OF, PAGES_OWN
from transport import build_manifest, load_manifest, write_manifest

LISTED = "https://app.example"
PASSWORD = "seven quiet herons over the bay"
VIEWER = "query Me { viewer { role } }"
SCHOOLS = "query Schools { schools { totalCount } }"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of a few documents."""
    folder = tmp_path_factory.mktemp("trusted")
    (folder / "sign-in.graphql").write_text(SIGN_IN)
    (folder / "me.graphql").write_text(VIEWER)
    (folder / "schools.graphql").write_text(SCHOOLS)
    write_manifest(build_manifest(folder, SCHEMA._schema), folder / "manifest.json")
    return folder / "manifest.json"


def production(database: Settings, **changes: object) -> Settings:
    """Settings fit for production, on this database."""
    url = database.database_url
    return Settings(
        _env_file=None,
        env="production",
        database_url=url,
        secret_keys=(SecretStr(PRODUCTION["FC_SECRET_KEYS"]),),
        encryption_keys=(SecretStr(PRODUCTION["FC_ENCRYPTION_KEYS"]),),
        public_url="https://credits.example",
        smtp_url=SecretStr(PRODUCTION["FC_SMTP_URL"]),
        mail_from=PRODUCTION["FC_MAIL_FROM"],
        allowed_origins=(LISTED,),
        **changes,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module", autouse=True)
def _own_keys(database: Settings) -> Iterator[None]:
    """Give the process its own keys back, which the servers of these tests have replaced."""
    yield
    encryption.configure(database.key_ring)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def api(database: Settings, manifest: Path) -> AsyncIterator[Api]:
    """A client of such a server, whose people are known to us."""
    if not await demo.is_loaded():
        await demo.load()
    transport = httpx2.ASGITransport(app=create_app(production(database, trusted_documents=manifest)))
    async with httpx2.AsyncClient(transport=transport, base_url="https://credits.example") as http:
        yield Api(http=http)


async def test_a_trusted_document_is_answered_by_its_text_and_by_its_hash(api: Api, manifest: Path) -> None:
    name = next(name for name, text in load_manifest(manifest).items() if text == VIEWER)
    headers = {"authorization": f"Bearer {await api.token('STUDENT')}"}
    for asked in ({"documentId": name}, {"documentId": f"sha256:{name}"}, {"query": VIEWER}):
        answer = await api.http.post("/graphql", json=asked, headers=headers)
        assert answer.json()["data"] == {"viewer": {"role": "STUDENT"}}


async def test_the_first_request_of_a_trusted_document_makes_no_plan(
    database: Settings, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(production(database, trusted_documents=manifest))
    monkeypatch.setattr(plans, "Planner", None)  # no plan can be made from here on
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://credits.example") as http:
        fresh = Api(http=http)
        assert await fresh.ask(VIEWER, role="STUDENT") == {"viewer": {"role": "STUDENT"}}


async def test_staff_comes_in_by_the_operations_of_graphiql(api: Api) -> None:
    asked = {"email": "ops@demo.test", "password": demo.PASSWORD}
    assert (await api.ask(PAGES_OWN["SignIn"], input=asked))["signIn"]["viewer"]["role"] == "OPS"
    assert await api.ask(PAGES_OWN["SecondFactor"], role="OPS") == {
        "secondFactor": {"isRequired": True, "isConfirmed": False, "recoveryCodesLeft": 0}
    }
    assert (await api.ask(PAGES_OWN["EnrolSecondFactor"], role="OPS"))["enrolSecondFactor"]["secret"]


async def invited(email: str) -> str:
    """The token of an invitation to operations."""
    async with transaction():
        await invitations.invite(
            email=email, name="", offer=MembershipOffer(role=Role.OPS), by=None, at=clock.real_now()
        )
    token = await links.newest(Purpose.INVITATION, email=email, at=clock.real_now())
    assert token is not None
    return token


async def by_id(api: Api, name: str, *, by: str | None = None, **variables: object) -> Any:
    """The data of one of the pages' documents, which is asked for by its id."""
    headers = {"authorization": f"Bearer {await api.token(by)}"} if by else {}
    body = {"documentId": ID_OF[name], "variables": variables}
    answer = (await api.http.post("/graphql", json=body, headers=headers)).json()
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


@pytest.mark.parametrize("role", [None, "STUDENT", "PROVIDER", "SCHOOL"])
@pytest.mark.parametrize(
    "query", ["{ now }", "{ now __schema { queryType { name } } }", f"{VIEWER} ", "{ __typename }"]
)
async def test_nobody_but_program_staff_sends_a_free_document(api: Api, role: str | None, query: str) -> None:
    answer = await api.send(query, role=role)
    assert (answer.status_code, [e["extensions"]["code"] for e in answer.json()["errors"]]) == (403, ["FORBIDDEN"])


@pytest.mark.parametrize("role", ["STUDENT", "PROVIDER", "SCHOOL", "PARTNER"])
async def test_whoever_is_signed_in_reads_the_schema(api: Api, role: str) -> None:
    query = get_introspection_query(schema_description=True, input_value_deprecation=True)
    told = build_client_schema(await api.ask(query, role=role))
    headers = {"authorization": f"Bearer {await api.token(role)}"}
    read = await api.http.get("/schema.graphql", headers=headers)
    assert (read.status_code, read.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert read.text == SCHEMA.as_str()
    assert set(build_schema(read.text).type_map) == set(told.type_map)


async def test_the_schema_is_not_told_to_strangers_nor_before_the_second_factor(api: Api) -> None:
    assert [e["extensions"]["code"] for e in await api.fail("{ __schema { description } }")] == ["FORBIDDEN"]
    tokens = (None, "nobody's", await api.token("OPS"))
    for token in tokens:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        read = await api.http.get("/schema.graphql", headers=headers)
        assert (read.status_code, read.headers["www-authenticate"]) == (401, "Bearer")
        assert "type Query" not in read.text


async def test_graphiql_offers_each_role_documents_that_it_may_send_and_none_of_a_demo(api: Api) -> None:
    config = (await api.http.get("/graphiql/config.json")).json()
    assert config["accounts"] == []
    assert {one["role"] for one in config["starters"]} == set(Role)
    assert "demo" not in json.dumps(config["starters"])
    assert "moveClock" not in json.dumps(config["starters"])
    for starter in config["starters"]:
        if starter["role"] in {"OPS", "FINANCE"}:
            continue  # before their second factor nothing is open to them, and after it everything
        answer = await api.send(starter["query"], role=starter["role"])
        codes = {error["extensions"]["code"] for error in answer.json().get("errors", ())}
        assert not codes & {"FORBIDDEN", "VALIDATION_FAILED", "INTERNAL"}, starter["title"]


@pytest.mark.parametrize("query", ["{ ledgerProof { agrees } }", "{ __schema { queryType { name } } }"])
async def test_staff_without_a_second_factor_gets_nothing_but_its_enrolment(api: Api, query: str) -> None:
    answer = await api.send(query, role="OPS")
    assert (answer.status_code, [e["extensions"]["code"] for e in answer.json()["errors"]]) == (403, ["FORBIDDEN"])
    errors = await api.fail(SCHOOLS, role="OPS")
    assert [error["extensions"]["code"] for error in errors] == ["SECOND_FACTOR_REQUIRED"]


async def test_somebody_invited_joins_by_the_documents_of_the_pages_alone(api: Api) -> None:
    token = await invited("joins@production.test")
    offer = (await by_id(api, "InvitationOffer", token=token))["invitationOffer"]
    assert (offer["role"], offer["passwordLengthMin"]) == ("OPS", 12)
    assert offer["agreements"] == (await by_id(api, "Agreements", role="OPS"))["agreements"]
    asked = {"token": token, "name": "Nia Cole", "password": PASSWORD, "accepts": offer["agreements"]}
    signed_up = (await by_id(api, "SignUp", input=asked))["signUp"]
    assert signed_up["userErrors"] == []
    assert signed_up["viewer"]["role"] == "OPS"
    api.tokens["NEW"] = signed_up["accessToken"]
    secret = (await by_id(api, "EnrolSecondFactor", by="NEW"))["enrolSecondFactor"]["secret"]
    code = {"oneTimeCode": pyotp.TOTP(secret).at(clock.real_now())}
    confirmed = (await by_id(api, "ConfirmSecondFactor", by="NEW", input=code))["confirmSecondFactor"]
    assert len(confirmed["recoveryCodes"]) == 10
    assert (await by_id(api, "SecondFactor", by="NEW"))["secondFactor"]["isConfirmed"]
    assert (await by_id(api, "InvitationOffer", token=token))["invitationOffer"] is None


async def test_every_document_of_the_pages_is_known_by_its_id(api: Api) -> None:
    for name, id in ID_OF.items():
        answer = (await api.http.post("/graphql", json={"documentId": id})).json()
        codes = {error.get("extensions", {}).get("code") for error in answer.get("errors", ())}
        assert not codes & {"PERSISTED_QUERY_NOT_FOUND", "FORBIDDEN", "VALIDATION_FAILED", "INTERNAL"}, name


@pytest.mark.parametrize(
    ("host", "status"),
    [("credits.example", 200), ("CREDITS.example:443", 200), ("evil.example", 421), ("127.0.0.1", 421), ("", 421)],
)
async def test_requests_for_another_host_are_refused(api: Api, host: str, status: int) -> None:
    headers = {"host": host, "authorization": f"Bearer {await api.token('STUDENT')}"}
    assert (await api.http.post("/graphql", json={"query": VIEWER}, headers=headers)).status_code == status
    assert (await api.http.get("/login", headers=headers)).status_code == status
    assert (await api.http.get("/healthz", headers=headers)).status_code == 200


async def test_only_a_listed_origin_may_read_an_answer(api: Api) -> None:
    for origin, allowed in ((LISTED, LISTED), ("https://other.example", None)):
        answer = await api.http.post("/graphql", json={"query": VIEWER}, headers={"origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed
        preflight = await api.http.options(
            "/graphql", headers={"origin": origin, "access-control-request-method": "POST"}
        )
        assert preflight.headers.get("access-control-allow-origin") == allowed
        assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("text", ["", "[]", "{", json.dumps({"0" * 64: "{ now }"})])
def test_a_manifest_that_cannot_be_trusted_stops_the_start(database: Settings, tmp_path: Path, text: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(UnreadableSettingsError, match="FC_TRUSTED_DOCUMENTS cannot be read"):
        create_app(production(database, trusted_documents=path))


def test_a_missing_manifest_stops_the_start(database: Settings, tmp_path: Path) -> None:
    with pytest.raises(UnreadableSettingsError, match="FC_TRUSTED_DOCUMENTS cannot be read"):
        create_app(production(database, trusted_documents=tmp_path / "none.json"))


def test_graphiql_offers_only_what_a_production_server_answers(database: Settings) -> None:
    settings = production(database)
    offered = graphiql_config(settings)
    assert offered.accounts == ()
    assert {starter.group for starter in offered.starters} == {"ACTION", "SCREEN", "WATCH", "STEP"}
    assert {starter.query for starter in offered.starters} <= set(trusted_documents(settings).values())
