"""The product's own pages and small files as a program reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from endpoints.pages import ADDRESSES, ProductPages

SHELL = '<html data-product="{{ product }}" data-environment="{{ environment }}"><title>{{ product }}</title>'


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "page.html").write_text(SHELL)
    (tmp_path / "favicon.ico").write_bytes(b"icon")
    (tmp_path / "robots.txt").write_text("User-agent: *\n")
    return tmp_path


def client(built: Path, product: str = "Flexible Credits") -> TestClient:
    """A client of a site that has only these pages."""
    pages = ProductPages(
        product=product,
        environment="production",
        address="https://credits.example",
        security_contact="mailto:security@credits.example",
        built=built,
    )
    return TestClient(Starlette(routes=pages.routes()))


@pytest.mark.parametrize("address", ADDRESSES)
def test_each_page_has_a_strict_policy_and_names_the_product(built: Path, address: str) -> None:
    answer = client(built).get(address.replace("{id}", "apt_01m8jmtah5ew4b5stg87s1919p"))
    assert "<title>Flexible Credits</title>" in answer.text
    assert 'data-environment="production"' in answer.text
    policy = dict(line.split(" ", 1) for line in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-cache"


def test_a_product_s_name_is_text_and_never_markup(built: Path) -> None:
    text = client(built, product='"><script>alert(1)</script>').get("/").text
    assert "<script>" not in text
    assert "&quot;&gt;&lt;script&gt;" in text


def test_pages_that_are_not_built_say_what_to_run(tmp_path: Path) -> None:
    answer = client(tmp_path).get("/login")
    assert answer.status_code == 503
    assert "make web" in answer.text
    assert client(tmp_path).get("/favicon.ico").status_code == 404


def test_the_security_contact_is_told_and_does_not_run_out(built: Path) -> None:
    answer = client(built).get("/.well-known/security.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert lines["Contact"] == "mailto:security@credits.example"
    assert lines["Canonical"] == "https://credits.example/.well-known/security.txt"
    ahead = datetime.fromisoformat(lines["Expires"]) - datetime.now(UTC)
    assert timedelta(days=170) < ahead < timedelta(days=366)  # RFC 9116 asks for less than a year


def test_an_icon_and_rules_for_robots_are_there(built: Path) -> None:
    assert client(built).get("/favicon.ico").headers["content-type"] == "image/x-icon"
    assert client(built).get("/robots.txt").text.startswith("User-agent: *")


def test_each_address_of_a_page_is_known_to_the_browser_too() -> None:
    """The two lists are in two languages; whoever adds a page adds it to both."""
    script = (Path(__file__).resolve().parents[2] / "web" / "src" / "pages" / "main.ts").read_text()
    patterns = [line.replace(r"\/", "/") for line in re.findall(r"\[/\^(.+)\$/, \(\) => import", script)]
    assert sorted(pattern.replace(r"(\w+)", "{id}") for pattern in patterns) == sorted(ADDRESSES)
