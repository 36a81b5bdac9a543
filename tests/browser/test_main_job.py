"""The main job, carried from the grant to the accepted claim by GraphiQL's worked queries, as a newcomer would."""

import re
from typing import Any

from tests.browser.visit import Visit

NUMBERED = re.compile(r"\d+\. ")
NAMES = {"OPS": "Operations", "SCHOOL": "School", "PROVIDER": "Provider", "STUDENT": "Student"}


def _faults(answer: Any) -> list[Any]:
    if isinstance(answer, list):
        return [fault for part in answer for fault in _faults(part)]
    if not isinstance(answer, dict):
        return []
    return [*answer.get("errors", []), *answer.get("userErrors", []), *_faults(list(answer.values()))]


async def test_the_worked_queries_carry_one_credit_from_the_grant_to_the_accepted_claim(visit: Visit) -> None:
    config = await visit.config()
    steps = [(NAMES[it["role"]], it["title"]) for it in config["starters"] if NUMBERED.match(it["title"])]
    answers = {}
    await visit.open_graphiql()
    signed_in = ""
    for role, title in steps:
        if role != signed_in:
            await visit.sign_in(role)
        await visit.open_starter(title)
        answers[title] = await visit.run()
        assert _faults(answers[title]) == [], title
        signed_in = "" if "moveClock" in answers[title]["data"] else role  # the jump ends everybody's session
    claims = [
        answer["data"]["attestSession"]["claim"] for answer in answers.values() if "attestSession" in answer["data"]
    ]
    assert [claim["status"] for claim in claims] == ["ACCEPTED"]
    assert list(answers.values())[-1]["data"]["wallet"]["settled"] == 1


async def test_each_role_finds_a_worked_query_that_answers(visit: Visit) -> None:
    config = await visit.config()
    await visit.open_graphiql()
    for account in config["accounts"]:
        role = account["role"]
        first = next((it for it in config["starters"] if it["role"] == role), None)
        if first is None:
            continue
        await visit.sign_in(NAMES.get(role, role.capitalize()))
        await visit.open_starter(first["title"])
        assert (await visit.run())["data"], role
