"""GraphiQL and the assets as a program reads them: headers, caching, and what happens before they are built."""

import gzip
import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.support.trusted import NAME_OF
from web import CONTENT_SECURITY_POLICY, DemoAccount, GraphiQLConfig, Pages, Starter
from web.pages import BUILT

ACCOUNT = DemoAccount("STUDENT", "student@demo.test", "open-sesame")
CONFIG = GraphiQLConfig("demo", [ACCOUNT], [Starter("SCREEN", "STUDENT", "Home", "{ viewer { role } }")])
FROM_A_BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "graphiql.html").write_text("<title>GraphiQL</title>")
    (tmp_path / "mail.html").write_text("<title>Mail</title>")
    (tmp_path / "assets" / "piece-abc.js").write_text("export {}")
    (tmp_path / "assets" / "piece-abc.js.br").write_bytes(b"brotli")
    (tmp_path / "assets" / "piece-abc.js.gz").write_bytes(gzip.compress(b"export {}"))
    return tmp_path


def _client(built: Path, *, with_mailbox: bool = True) -> TestClient:
    pages = Pages(CONFIG, built=built)
    graphql = pages.in_front_of(PlainTextResponse("the API"))
    return TestClient(Starlette(routes=[Route("/graphql", graphql), *pages.routes(with_mailbox=with_mailbox)]))


def test_a_browser_gets_the_page_and_a_program_the_api(built: Path) -> None:
    client = _client(built)
    assert "GraphiQL" in client.get("/graphiql").text
    sent_on = client.get("/graphql", headers=FROM_A_BROWSER, follow_redirects=False)
    assert (sent_on.status_code, sent_on.headers["location"]) == (307, "/graphiql")
    assert client.get("/graphql", headers={"accept": "application/json"}).text == "the API"
    assert client.post("/graphql", headers=FROM_A_BROWSER).text == "the API"


def test_the_page_carries_a_policy_without_inline_scripts_or_other_hosts(built: Path) -> None:
    headers = _client(built).get("/graphiql").headers
    policy = dict(line.split(" ", 1) for line in headers["content-security-policy"].split("; "))
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert policy["script-src"] == policy["worker-src"] == policy["connect-src"] == policy["font-src"] == "'self'"
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert "eval" not in CONTENT_SECURITY_POLICY
    assert "//" not in CONTENT_SECURITY_POLICY


def test_the_page_is_asked_for_anew_and_assets_are_kept(built: Path) -> None:
    client = _client(built)
    assert client.get("/graphiql").headers["cache-control"] == "no-cache"
    assert "immutable" in client.get("/assets/piece-abc.js").headers["cache-control"]
    assert client.get("/assets/absent.js").status_code == 404


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip;q=0.5", "gzip"), ("identity", None), ("", None)],
)
def test_an_asset_comes_in_the_smallest_form_that_is_accepted(built: Path, accepted: str, encoding: str | None) -> None:
    url = "/assets/piece-abc.js"
    with _client(built).stream("GET", url, headers={"accept-encoding": accepted}) as answer:
        assert answer.headers.get("content-encoding") == encoding
        assert answer.headers["vary"] == "accept-encoding"
        assert "javascript" in answer.headers["content-type"]


def test_the_configuration_names_accounts_and_worked_queries(built: Path) -> None:
    answer = _client(built).get("/graphiql/config.json")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "environment": "demo",
        "accounts": [{"role": "STUDENT", "email": "student@demo.test", "password": "open-sesame", "key": ""}],
        "starters": [
            {
                "group": "SCREEN",
                "role": "STUDENT",
                "title": "Home",
                "query": "{ viewer { role } }",
                "variables": "{}",
            }
        ],
    }


def test_an_account_never_shows_its_password_in_a_log() -> None:
    assert "open-sesame" not in repr(CONFIG)


def test_a_server_without_a_mailbox_has_no_such_page(built: Path) -> None:
    assert "Mail" in _client(built).get("/dev/mail").text
    assert _client(built, with_mailbox=False).get("/dev/mail").status_code == 404


def test_pages_that_are_not_built_say_what_to_run(tmp_path: Path) -> None:
    answer = _client(tmp_path).get("/graphiql")
    assert answer.status_code == 503
    assert "make web" in answer.text


def test_the_built_pages_name_the_documents_that_the_server_knows() -> None:
    scripts = "".join(path.read_text() for path in (BUILT / "assets").glob("*.js"))
    assert set(re.findall(r"\b[0-9a-f]{64}\b", scripts)) == NAME_OF.keys()
