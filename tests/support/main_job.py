"""The documents of `examples/`, executed in their order as their roles, ids handed on from answer to question."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.api import Api
from web.examples import Example


@dataclass(slots=True)
class Run:
    """One run through documents; `known` holds the id last seen of each kind."""

    api: Api
    known: dict[str, str] = field(default_factory=dict)

    async def step(self, example: Example) -> Any:
        """Execute one document; its data, without any error."""
        variables = json.loads(self.filled(example.variables))
        data = await self.api.ask(example.query, role=example.role, **variables)
        self.learn(data)
        if example.name.endswith("move-clock"):
            self.api.tokens.clear()  # hours have passed: everybody's session has ended
        return data

    def filled(self, variables: str) -> str:
        """The variables with `{kind}` replaced by the id that was seen."""
        for kind, id in self.known.items():
            variables = variables.replace(f'"{{{kind}}}"', f'"{id}"')
        return variables

    def learn(self, value: Any) -> None:
        """Note the first id of each kind in this answer."""
        seen: dict[str, str] = {}
        collect(value, seen)
        self.known.update(seen)


KINDS = {
    "prv": "provider",
    "lic": "license",
    "stu": "student",
    "opn": "opening",
    "apt": "appointment",
    "clm": "claim",
    "sch": "school",
    "prc": "practice",
    "mem": "membership",
    "fil": "file",
    "job": "job",
    "ctx": "consent text",
    "cns": "consent",
    "agr": "acceptance",
    "crq": "credit request",
    "grt": "grant",
    "tsk": "task",
}


def collect(value: Any, seen: dict[str, str]) -> None:
    """Gather ids, the first of each kind."""
    if isinstance(value, list):
        for item in value:
            collect(item, seen)
    elif isinstance(value, dict):
        for item in value.values():
            collect(item, seen)
    elif isinstance(value, str) and value.partition("_")[0] in KINDS and len(value) > 26:
        seen.setdefault(KINDS[value.partition("_")[0]], value)
