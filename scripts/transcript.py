"""Write the main job into docs/main-job.md: the screens, and the steps as a running demo server answers them.

`python -m scripts.transcript http://127.0.0.1:8000`, on a server with fresh demo data. The suite keeps the page
current: it runs the same documents and compares the answers, ids and times aside.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from pathlib import Path
from typing import Any

from demo import ACCOUNTS, PASSWORD
from scripts.pages import write
from web.examples import Example, main_job, screens

PAGE = Path(__file__).parent.parent / "docs" / "main-job.md"
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }"
ID = re.compile(r"\b([a-z]{3})_[0-9a-z]{26}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def post(address: str, query: str, variables: Any, token: str | None = None) -> Any:
    """One answer of the server."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, headers)  # noqa: S310 — the caller names the server
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        given = json.load(answer)
    if "errors" in given:
        raise SystemExit(f"The server refused: {given['errors']}")
    return given["data"]


def sign_in(address: str, role: str) -> str:
    """A token of the demo account of this role."""
    email = next(account.email for account in ACCOUNTS if account.role == role)
    token: str = post(address, SIGN_IN, {"input": {"email": email, "password": PASSWORD}})["signIn"]["accessToken"]
    return token


def section(step: Example, variables: Any, data: Any) -> str:
    """One step as the page shows it."""
    return (
        f"**{step.title}** — as {step.role}, [`{step.name}`](../examples/main-job/{step.name}.graphql)\n\n"
        f"```json\n{json.dumps(variables, ensure_ascii=False)}\n```\n"
        f"answers\n```json\n{json.dumps(data, ensure_ascii=False)}\n```\n"
    )


def without_particulars(text: str) -> str:
    """A text without what differs from run to run: ids and times."""
    return TIME.sub("<time>", ID.sub(r"\1_<id>", text))


def screen(example: Example) -> str:
    """One client's screen as the page shows it."""
    summary = f"<details><summary>{example.title}, as {example.role}</summary>"
    return f"{summary}\n\n```graphql\n{example.query}```\n</details>\n"


def main(address: str) -> None:
    """Run the main job on the server and write what it answered."""
    from tests.support.main_job import collect

    known: dict[str, str] = {}
    sections = []
    for step in main_job():
        filled = step.variables
        for kind, id in known.items():
            filled = filled.replace(f'"{{{kind}}}"', f'"{id}"')
        variables = json.loads(filled)
        data = post(address, step.query, variables, sign_in(address, step.role))
        seen: dict[str, str] = {}
        collect(data, seen)
        known.update(seen)
        sections.append(section(step, variables, data))
    write(PAGE, "transcript", "\n".join(sections))
    write(PAGE, "screens", "\n".join(map(screen, screens())))


if __name__ == "__main__":
    main(sys.argv[1])
