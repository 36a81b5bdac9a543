"""GraphiQL: its policy, its worked queries, its form, and what the browser is left with afterwards."""

import json
import re

from playwright.async_api import expect

from tests.browser.visit import Visit
from tests.support.trusted import ID_OF


async def test_the_page_loads_under_its_policy_without_a_complaint(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    assert await visit.run()
    assert visit.complaints == []
    asked = {url.removeprefix(visit.base).split("/")[1] for url in visit.asked}
    assert asked == {"graphiql", "graphql", "assets"}


async def test_a_worked_query_opens_with_its_variables_and_only_once(visit: Visit) -> None:
    starters = [
        {
            "group": "SCREEN",
            "role": "PROVIDER",
            "title": title,
            "query": f"query {title} {{ now }}",
            "variables": json.dumps({"of": title}),
        }
        for title in ("First", "Second")
    ]
    await visit.configure(starters=starters)
    await visit.open_graphiql()
    await visit.sign_in("Provider")
    tabs = visit.page.locator("[id^=graphiql-session-tab-]")
    await expect(tabs).to_have_text(["WhoAmI", "First"])  # the first one opens with the sign-in
    await visit.open_starter("Second")
    await expect(tabs).to_have_text(["WhoAmI", "First", "Second"])
    assert json.loads(await visit.written("variables.json")) == {"of": "Second"}
    await visit.open_starter("First")
    await expect(tabs).to_have_count(3)
    assert await visit.written("operation.graphql") == "query First { now }"


async def test_records_leave_the_screen_with_whoever_read_them(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("School")
    await visit.open_starter("6. Find a student")
    name = (await visit.run())["data"]["students"]["nodes"][0]["name"]
    await visit.page.get_by_role("button", name="Show History").click()
    await expect(visit.page.get_by_role("region", name="History")).to_contain_text("FindStudent")
    assert name in await visit.on_screen()
    await visit.sign_in("Finance")
    assert name not in await visit.on_screen()
    assert "FindStudent" not in await visit.on_screen()
    await visit.page.get_by_role("button", name="Show History").click()
    await expect(visit.page.get_by_role("region", name="History")).not_to_contain_text("FindStudent")
    await visit.page.get_by_role("button", name="Sign out").click()
    await expect(visit.page.get_by_role("heading", name="Choose a role")).to_be_visible()
    assert await visit.page.locator(".graphiql-container").count() == 0


async def test_a_step_whose_id_is_missing_is_not_sent_and_says_which_step_finds_it(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    await visit.open_starter("10. Ask what would refuse the request")
    told = (await visit.run())["errors"][0]["message"]
    assert "Run step “9. Search by state and see openings” first, as Student" in told
    assert not any("bookingPreflight" in it.get("query", "") for it in visit.operations)
    await visit.open_starter("9. Search by state and see openings")
    found = (await visit.run())["data"]["providers"]["nodes"]
    opening = next(it["openings"]["nodes"][0]["id"] for it in found if it["openings"]["nodes"])
    await visit.open_starter("10. Ask what would refuse the request")
    assert json.loads(await visit.written("variables.json"))["opening"] == opening
    assert (await visit.run())["data"]["bookingPreflight"]["startsAt"]


async def test_each_run_of_a_step_has_a_key_of_its_own_that_is_never_written_down(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("School")
    await visit.open_starter("6. Find a student")
    await visit.run()
    await visit.open_starter("7. Grant credits")
    grants = [(await visit.run())["data"]["grantCredits"]["grant"]["id"] for _ in range(2)]
    assert grants[0] != grants[1]
    keys = {
        it["variables"]["input"]["idempotencyKey"] for it in visit.operations if "grantCredits" in it.get("query", "")
    }
    assert len(keys) == 2
    shown = await visit.on_screen()
    assert [key for key in keys if key in shown] == []


async def test_the_cost_is_a_line_below_the_answer_and_not_in_it(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    await visit.open_starter("Mobile home")
    assert "extensions" not in await visit.run()
    await expect(visit.page.locator(".cost")).to_have_text(
        re.compile(r"Cost: \d+\. Left this minute: [\d,]+ of [\d,]+\.")
    )


async def test_the_active_tab_stays_in_view(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Operations")
    for _ in range(12):
        await visit.page.get_by_role("button", name="New tab").click()
    await expect(visit.page.locator(".graphiql-tab-active")).to_be_in_viewport(ratio=0.9)


async def test_nothing_secret_outlives_the_page(visit: Visit) -> None:
    await visit.page.clock.install()
    await visit.open_graphiql()
    sign_in = ID_OF["SignIn"]
    async with visit.page.expect_response(lambda response: sign_in in (response.request.post_data or "")) as answered:
        await visit.sign_in("Student")
    session = (await (await answered.value).json())["data"]["signIn"]
    tokens = [session["accessToken"], session["refreshToken"]]
    await visit.write(
        'query Typed($word: String = "typed-in-the-query") { viewer { role } }', {"word": "typed-variable"}
    )
    await visit.run()
    await visit.page.clock.fast_forward(2000)  # GraphiQL writes its tabs half a second after the last change
    kept = await visit.stored()
    for secret in [*tokens, "typed-in-the-query", "typed-variable", "demo-password", "student@demo.test", "Bearer"]:
        assert secret not in kept
    await visit.page.reload()
    await visit.page.wait_for_selector(".roles")
    assert await visit.page.locator(".signed-in").count() == 0


async def test_without_demo_accounts_there_is_a_form(visit: Visit) -> None:
    await visit.configure(environment="production", accounts=[], starters=[])
    await visit.open_graphiql()
    form = visit.page.get_by_role("form", name="Sign in")
    await form.get_by_label("E-mail").fill("student@demo.test")
    await form.get_by_label("Password").fill("demo-password-2026")
    await form.get_by_role("button", name="Sign in").click()
    await expect(visit.page.locator(".signed-in")).to_contain_text("Student")
    assert await form.count() == 0
