"""The main job, carried from the grant to the accepted claim by GraphiQL's worked queries, as a newcomer would."""

import re
from datetime import datetime
from typing import Any

from playwright.async_api import expect

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


async def test_the_next_step_is_marked_and_offered_across_roles(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("School")
    await visit.open_starter("6. Find a student")
    await visit.run()
    nav = visit.page.get_by_role("navigation", name="Worked queries")
    await expect(nav.locator("[aria-current=step]")).to_have_text("7. Grant credits")
    await visit.open_starter("7. Grant credits")
    await visit.run()
    await nav.get_by_role("button", name="Next, as Provider: 8. Set weekly hours").click()
    await visit.page.wait_for_selector(".roles button[aria-pressed=true]:text-is('Provider')")
    await visit.can_type()
    await expect(nav.locator("[aria-current=step]")).to_have_text("8. Set weekly hours")
    await expect(visit.page.locator(".graphiql-tab-active")).to_contain_text("SetWeeklyHours")


async def test_the_step_that_moves_the_clock_moves_the_one_in_the_bar(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Operations")
    shown = visit.page.get_by_role("group", name="Demo server's clock").locator("output")
    await expect(shown).not_to_be_empty()
    await visit.open_starter("14. Let ten days pass (demo and test servers)")
    now = datetime.fromisoformat((await visit.run())["data"]["moveClock"]["now"])
    await expect(shown).to_contain_text(f"{now.day} {now:%b %Y}")
    assert (await visit.run())["data"]["moveClock"]["now"]  # still signed in, hours later


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
