"""The program's start loads no library that few requests need; what it costs is told by `scripts.import_time`."""

import subprocess
import sys

from tests.support.processes import ROOT

FOR_FEW = {
    "authlib": "campus sign-in",
    "httpx2": "campus sign-in",
    "joserfc": "campus sign-in",
    "email_validator": "an address that somebody sends",
    "phonenumbers": "a telephone number that somebody sends",
    "aiosmtpd": "the development mailbox",
    "aiosmtplib": "the worker",
    "jinja2": "the worker",
    "css_inline": "the worker",
    "zxcvbn": "a new password",
    "tortoise.migrations": "a pending migration",
    "hypothesis": "tests",
    "pytest": "tests",
}
"""Libraries that are loaded where they are needed first, and by what."""

LOADED = "import gc, sys, app; assert gc.isenabled(); print(*sys.modules)"


def test_importing_the_program_loads_no_library_that_few_requests_need() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded >= {"strawberry", "tortoise", "schema.root"}
    assert {name: what for name, what in FOR_FEW.items() if name in loaded} == {}


def test_no_module_of_the_schema_has_its_annotations_evaluated_again_from_their_text() -> None:
    modules = sorted((ROOT / "schema").rglob("*.py"))
    assert len(modules) > 20
    assert [path.name for path in modules if "from __future__ import annotations" in path.read_text()] == []
