"""GraphiQL: signing in, worked queries, subscriptions, and what the browser is left with afterwards."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Browser, Route, WebSocketRoute, expect

from tests.browser.visit import Visit


async def test_the_page_loads_under_its_policy_without_a_complaint(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    assert await visit.run()
    assert visit.complaints == []
    assert {url.removeprefix(visit.base).split("/")[1] for url in visit.asked} == {"graphql", "graphql?", "assets"} - {
        "graphql?"
    }


async def test_one_click_signs_in_and_the_bar_says_as_whom(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    assert "Signed in as" in await visit.page.locator(".signed-in").inner_text()
    await visit.write("query Me { viewer { role } }")
    assert (await visit.run())["data"]["viewer"]["role"] == "STUDENT"


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
    await _answer_as(visit, "**/graphql/config.json", {**await visit.config(), "starters": starters})
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


async def test_signing_out_ends_the_session_for_the_next_query(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    await visit.page.get_by_role("button", name="Sign out").click()
    await visit.page.wait_for_selector(".signed-in", state="detached")
    await visit.write("query Me { viewer { role } }")
    assert (await visit.run())["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_nothing_secret_outlives_the_page(visit: Visit) -> None:
    await visit.open_graphiql()
    async with visit.page.expect_response(lambda response: "signIn" in (response.request.post_data or "")) as answered:
        await visit.sign_in("Student")
    session = (await (await answered.value).json())["data"]["signIn"]
    tokens = [session["accessToken"], session["refreshToken"]]
    await visit.write(
        'query Typed($word: String = "typed-in-the-query") { viewer { role } }', {"word": "typed-variable"}
    )
    await visit.run()
    await visit.page.wait_for_timeout(700)  # GraphiQL writes its tabs half a second after the last change
    kept = await visit.stored()
    for secret in [*tokens, "typed-in-the-query", "typed-variable", "demo-password", "student@demo.test", "Bearer"]:
        assert secret not in kept
    await visit.page.reload()
    await visit.page.wait_for_selector(".roles")
    assert await visit.page.locator(".signed-in").count() == 0


async def test_a_subscription_signs_in_by_its_first_message_and_streams(visit: Visit) -> None:
    told: list[dict[str, Any]] = []

    def answer(socket: WebSocketRoute) -> None:
        def on_message(text: str | bytes) -> None:
            message = json.loads(text)
            told.append(message)
            if message["type"] == "connection_init":
                socket.send(json.dumps({"type": "connection_ack"}))
            if message["type"] == "subscribe":
                next_one = {"id": message["id"], "type": "next", "payload": {"data": {"walletChanged": {"held": 1}}}}
                socket.send(json.dumps(next_one))

        socket.on_message(on_message)

    await visit.page.route_web_socket("**/graphql", answer)
    await visit.open_graphiql()
    await visit.sign_in("Student")
    await visit.write("subscription Watch { walletChanged { held } }")
    assert (await visit.run())["data"]["walletChanged"] == {"held": 1}
    assert told[0]["type"] == "connection_init"
    assert told[0]["payload"]["authorization"].startswith("Bearer ")
    await visit.page.get_by_role("button", name="Stop").click()


async def test_without_demo_accounts_there_is_a_form_that_says_what_is_wrong(visit: Visit) -> None:
    await _without_demo_accounts(visit)
    await _fill_in(visit, password="not the password")
    assert await visit.page.get_by_role("status").inner_text()
    assert await visit.page.get_by_label("One-time code").count() == 0


async def test_the_form_asks_for_a_one_time_code_once_the_server_wants_one(visit: Visit) -> None:
    asks = {"code": "SECOND_FACTOR_REQUIRED", "message": "Enter the code.", "field": [], "rule": "ID-1", "fix": ""}
    nothing = {"accessToken": None, "refreshToken": None, "expiresAt": None, "viewer": None}
    await _without_demo_accounts(visit)
    await _answer_as(visit, "**/graphql", {"data": {"signIn": {**nothing, "userErrors": [asks]}}})
    await _fill_in(visit, password="right")
    await visit.page.get_by_label("One-time code").fill("123456")
    await visit.page.get_by_role("form").get_by_role("button", name="Sign in").click()
    await visit.until("!document.querySelector('header[aria-busy=true]')")
    assert visit.operations[-1]["variables"]["input"]["oneTimeCode"] == "123456"


async def test_staff_move_the_demo_clock(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Operations")
    clock = visit.page.get_by_role("group", name="Demo server's clock")
    await visit.until("document.querySelector('.clock output').textContent !== ''")
    before = await clock.locator("output").inner_text()
    await clock.get_by_role("button", name="+1 day").click()
    await visit.until(f"document.querySelector('.clock output').textContent !== {json.dumps(before)}")


async def test_only_staff_see_the_clock(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    assert await visit.page.get_by_role("group", name="Demo server's clock").count() == 0


async def test_the_page_renews_its_session_before_the_token_ends(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    await visit.page.clock.set_fixed_time(datetime.now(UTC) + timedelta(minutes=14, seconds=30))
    await visit.write("query Me { viewer { role } }")
    assert (await visit.run())["data"]["viewer"]["role"] == "STUDENT"
    assert [operation for operation in visit.operations if "mutation Refresh" in operation["query"]]


async def test_a_session_that_ended_on_the_server_is_told_and_forgotten(visit: Visit, browser: Browser) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Provider")
    staff = await Visit.begin(await browser.new_context(), visit.base)
    await staff.open_graphiql()
    await staff.sign_in("Operations")
    await staff.move_clock("+1 h")  # longer than a provider may be idle
    await staff.page.context.close()
    await visit.write("query Me { viewer { role } }")
    assert (await visit.run())["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "Your session has ended" in await visit.page.get_by_role("status").inner_text()
    assert await visit.page.locator(".signed-in").count() == 0


async def test_signing_in_as_somebody_else_ends_the_session_before(visit: Visit) -> None:
    await visit.open_graphiql()
    async with visit.page.expect_request(lambda request: "signIn" in (request.post_data or "")):
        await visit.sign_in("Provider")
    async with visit.page.expect_response(lambda response: "signOut" in (response.request.post_data or "")) as ended:
        await visit.sign_in("Student")
    assert (await (await ended.value).json())["data"]["signOut"]["userErrors"] == []


async def _without_demo_accounts(visit: Visit) -> None:
    await _answer_as(visit, "**/graphql/config.json", {"environment": "production", "accounts": [], "starters": []})
    await visit.open_graphiql()


async def _fill_in(visit: Visit, *, password: str) -> None:
    form = visit.page.get_by_role("form", name="Sign in")
    await form.get_by_label("E-mail").fill("ops@demo.test")
    await form.get_by_label("Password").fill(password)
    await form.get_by_role("button", name="Sign in").click()
    await visit.until("document.querySelector('.notice').textContent !== ''")


async def _answer_as(visit: Visit, address: str, answer: Any) -> None:
    async def fulfil(route: Route) -> None:
        visit.watch_request(route.request)
        await route.fulfill(json=answer)

    await visit.page.route(address, fulfil)
