"""Signing in at GraphiQL: by one click, by the form, under another membership; and the ends of a session."""

import json
import re
from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

import demo
from models.base.access import Role
from tests.browser.visit import Visit
from tests.support.accounts import accepts
from tests.support.trusted import ID_OF

MAIL_SECONDS = 20
INVITE = "mutation ($input: InviteInput!) { invite(input: $input) { userErrors { code message } } }"
ACCEPT = "mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { userErrors { code message } } }"
ME = "query Me { viewer { role } }"
NAMES = {"OPS": "Operations"}


async def test_one_click_signs_in_as_each_role_and_the_bar_says_as_whom(visit: Visit) -> None:
    accounts = (await visit.config())["accounts"]
    assert {account["role"] for account in accounts} == {
        "STUDENT", "PROVIDER", "OFFICE", "SCHOOL", "PARTNER", "OPS", "FINANCE",
    }  # fmt: skip
    await visit.open_graphiql()
    for account in accounts:
        name = NAMES.get(account["role"], account["role"].capitalize())
        await visit.sign_in(name)
        assert name in await visit.page.locator(".signed-in").inner_text()
        await visit.write(ME)
        assert (await visit.run())["data"]["viewer"]["role"] == account["role"]


async def test_signing_out_ends_the_session_on_the_server_too(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    async with visit.page.expect_response(
        lambda response: ID_OF["SignOut"] in (response.request.post_data or "")
    ) as ended:
        await visit.page.get_by_role("button", name="Sign out").click()
    assert (await (await ended.value).json())["data"]["signOut"]["userErrors"] == []
    await expect(visit.page.locator(".signed-in")).to_have_count(0)


async def test_signing_in_as_somebody_else_ends_the_session_before(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Provider")
    async with visit.page.expect_response(
        lambda response: ID_OF["SignOut"] in (response.request.post_data or "")
    ) as ended:
        await visit.sign_in("Student")
    assert (await (await ended.value).json())["data"]["signOut"]["userErrors"] == []


async def test_another_account_signs_in_by_the_form_which_says_what_is_wrong(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.page.get_by_role("button", name="Other").click()
    await _fill_in(visit, "desk@demo.test", "not the password")
    await expect(visit.page.get_by_role("status")).to_contain_text("The e-mail address or password is wrong.")
    await _fill_in(visit, "desk@demo.test", demo.PASSWORD)
    await expect(visit.page.locator(".signed-in")).to_contain_text("Front desk of the demo")
    assert await visit.page.get_by_role("form").count() == 0


async def test_whoever_has_several_memberships_chooses_under_which_to_act(visit: Visit) -> None:
    await _take_on_a_second_role(visit, "desk@demo.test")
    await visit.open_graphiql()
    await visit.page.get_by_role("button", name="Other").click()
    await _fill_in(visit, "desk@demo.test", demo.PASSWORD)
    chooser = visit.page.get_by_label("Acting as")
    await expect(chooser.locator("option")).to_have_text(["Office, Harborview Therapy", "School"])
    await visit.can_type()
    await visit.write(ME)
    assert (await visit.run())["data"]["viewer"]["role"] == "OFFICE"
    await chooser.select_option("School")  # an office sees no school; whoever acts for one does
    await expect(chooser.locator("option")).to_have_text(["Office", "School, Lakeview University"])
    await visit.open_starter("Our students and their credits")
    assert len((await visit.run())["data"]["students"]["nodes"]) > 1


async def test_the_page_renews_its_session_before_the_token_ends(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    await visit.page.clock.set_fixed_time(datetime.now(UTC) + timedelta(minutes=14, seconds=30))
    await visit.write(ME)
    assert (await visit.run())["data"]["viewer"]["role"] == "STUDENT"
    assert "Refresh" in visit.sent()


async def test_a_session_that_ended_on_the_server_is_told_and_forgotten(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Provider")
    await visit.pass_hours(1)  # longer than a provider may be idle
    await visit.write(ME)
    await visit.press_run()
    await expect(visit.page.get_by_role("status")).to_contain_text("Your session has ended")
    await expect(visit.page.locator(".signed-in")).to_have_count(0)
    await expect(visit.page.get_by_role("heading", name="Choose a role")).to_be_visible()


async def test_staff_move_the_demo_clock_and_nobody_else_sees_it(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    clock = visit.page.get_by_role("group", name="Demo server's clock")
    assert await clock.count() == 0
    await visit.sign_in("Operations")
    await expect(clock.locator("output")).not_to_be_empty()
    before = await clock.locator("output").inner_text()
    await clock.get_by_role("button", name="+1 day").click()
    await visit.until(f"document.querySelector('.clock output').textContent !== {json.dumps(before)}")


async def test_nothing_is_asked_before_sign_in_and_the_schema_once_after_it(visit: Visit) -> None:
    await visit.open_graphiql()
    assert visit.operations == []
    await visit.sign_in("Operations")
    await visit.sign_in("Student")
    assert len([it for it in visit.operations if "__schema" in it.get("query", "")]) == 1


async def test_a_machine_goes_in_by_its_key(visit: Visit) -> None:
    key = next(it["key"] for it in (await visit.config())["accounts"] if it["role"] == "PARTNER")
    await visit.configure(environment="production", accounts=[])
    await visit.open_graphiql()
    form = visit.page.get_by_role("form", name="Use a partner key")
    await form.get_by_label("Partner key").fill(key)
    await form.get_by_role("button", name="Use it").click()
    await expect(visit.page.locator(".signed-in")).to_contain_text("Partner")


async def _fill_in(visit: Visit, email: str, password: str) -> None:
    form = visit.page.get_by_role("form", name="Sign in")
    await form.get_by_label("E-mail").fill(email)
    await form.get_by_label("Password").fill(password)
    await form.get_by_role("button", name="Sign in").click()
    await visit.until("!document.querySelector('header[aria-busy=true]')")


async def _take_on_a_second_role(visit: Visit, email: str) -> None:
    """Let somebody become staff of the school too, by an invitation that is read in the development mailbox."""
    async with visit.elsewhere() as api:
        school = (await api.ask("{ viewer { school { id } } }", role="SCHOOL"))["viewer"]["school"]["id"]
        asked = {"role": "SCHOOL", "schoolId": school, "email": email}
        assert (await api.ask(INVITE, role="OPS", input=asked))["invite"]["userErrors"] == []
        await visit.page.goto(f"{visit.base}/dev/mail")
        await visit.page.get_by_role("button", name="You are invited").first.click(timeout=MAIL_SECONDS * 1000)
        code = re.search(r"Code\W+(\S+)", await visit.page.locator("article pre").text_content() or "")
        assert code is not None
        api.tokens["them"] = await api.sign_in(email)
        taken = {"token": code[1], "accepts": accepts(Role.SCHOOL)}
        assert (await api.ask(ACCEPT, role="them", input=taken))["acceptInvitation"]["userErrors"] == []
