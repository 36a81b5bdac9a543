"""GraphiQL: its policy, its worked queries, its form, and what the browser is left with afterwards."""

import json

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
