"""The product's own pages, as people use them who follow the links of mails."""

from __future__ import annotations

import asyncio
import html
import re
from pathlib import Path
from urllib.parse import urlsplit

import pyotp
import pytest
from playwright.async_api import Browser, expect

import demo
from notifications.letters import write_letter
from notifications.site import Site
from tests.browser.reading import LINK, accessible, heading, link_in, sign_in
from tests.browser.visit import Elsewhere, Visit
from tests.support.letters import TEMPLATE_NAMES, words

INVITE = "mutation ($input: InviteInput!) { invite(input: $input) { userErrors { message } } }"
INVITED = "You are invited to Flexible Credits"
PASSWORD = "seven quiet herons over the bay"
HEADINGS = {
    "/": "Flexible Credits",
    "/login": "Sign in",
    "/appointments": "Sign in",
    "/claims": "Sign in",
    "/invitation": INVITED,
    "/verify-address": "Confirm your e-mail address",
    "/reset-password": "Choose a new password",
}
PLACES = ["/", "/login", "/invitation", "/verify-address", "/reset-password", "/reset-password#fc_link_1"]
NARROW = 390


async def invited(api: Elsewhere, email: str) -> str:
    """The link by which somebody is invited to operations."""
    asked = {"role": "OPS", "email": email, "name": "Nia Cole"}
    assert (await api.ask(INVITE, role="OPS", input=asked))["invite"]["userErrors"] == []
    return await link_in(api, to=email, subject=INVITED, page="invitation")


async def test_every_link_of_every_template_leads_to_a_page_of_ours(visit: Visit) -> None:
    site = Site(address=visit.base)
    async with visit.elsewhere() as api:
        links = {"invitation": await invited(api, "links@demo.test")}
    shown: dict[str, str] = {}
    for template in TEMPLATE_NAMES:
        page = template.replace("_", "-")
        secret = links.get(page) or site.secret(page, "fc_link_1")
        is_secret = page in {"invitation", "verify-address", "reset-password"}
        told = words(site, **({"link": secret} if is_secret else {}))
        letter = write_letter(template, told)
        found = set(LINK.findall(letter.text)) | set(map(html.unescape, re.findall(r'href="([^"]+)"', letter.html)))
        assert found - {visit.base} - {told["telehealth_link"]}, f"{template} leads nowhere"
        for link in found - {told["telehealth_link"]} - shown.keys():
            assert link.startswith(visit.base), link
            answer = await visit.page.goto(link)
            assert answer is None or answer.status == 200, link  # None: only what stands behind # is another
            await heading(visit.page, HEADINGS["/" + urlsplit(link).path.strip("/").split("/")[0]])
            shown[link] = visit.page.url
    assert all("#" not in address for address in shown.values())
    assert visit.complaints == []


async def test_whoever_is_invited_joins_and_sets_up_a_second_factor(visit: Visit) -> None:
    page, email = visit.page, "joins@demo.test"
    async with visit.elsewhere() as api:
        await page.goto(await invited(api, email))
    await heading(page, INVITED)
    assert "#" not in page.url
    await expect(page.locator("main")).to_contain_text("It is free for students")
    await expect(page.locator("dl")).to_contain_text("a member of our operations staff")
    await accessible(page)
    await page.get_by_text("Read the terms of service").click()
    await expect(page.get_by_role("region", name="Read the terms of service")).to_contain_text("A credit is not money.")
    await accessible(page)
    await page.get_by_label("Choose a password", exact=True).fill("aaaaaaaaaaaaaa")
    for box in await page.get_by_role("checkbox").all():
        await box.check()
    await page.get_by_role("button", name="Create account").click()
    password = page.get_by_label("Choose a password", exact=True)
    await expect(password).to_have_attribute("aria-invalid", "true")
    await expect(password).to_be_focused()
    await expect(page.get_by_label("Your name")).to_have_value("Nia Cole")
    await accessible(page)
    await password.fill(PASSWORD)
    await page.keyboard.press("Enter")
    await heading(page, "Hello Nia Cole")

    await page.get_by_role("link", name="Second factor").click()
    await heading(page, "Set up your second factor")
    await page.get_by_role("button", name="Set up an authenticator").click()
    await heading(page, "Add this to your authenticator")
    await accessible(page)
    secret = (await page.locator("code").inner_text()).replace(" ", "")
    await page.get_by_label("The code it shows now").fill(pyotp.TOTP(secret).now())
    await page.keyboard.press("Enter")
    await heading(page, "Keep these recovery codes")
    await accessible(page)
    codes = await page.locator(".codes code").all_inner_texts()
    async with page.expect_download() as loading:
        await page.get_by_role("link", name="Download").click()
    kept = await asyncio.to_thread(Path(await (await loading.value).path()).read_text)
    assert all(code in kept for code in codes)
    await page.get_by_role("button", name="I have kept them").click()
    await heading(page, "Your second factor is set up")

    await page.get_by_role("button", name="Sign out").click()
    await heading(page, "You are signed out")
    await page.get_by_role("link", name="Sign in again").click()
    await heading(page, "Sign in")
    await sign_in(page, email, PASSWORD)
    await heading(page, "Enter your one-time code")
    await accessible(page)
    await page.get_by_role("textbox", name="One-time code").fill(codes[0])
    await page.keyboard.press("Enter")
    await heading(page, "Hello Nia Cole")
    stored = await visit.stored()
    assert all(secret not in stored for secret in (PASSWORD, *codes, "fc_at", "fc_rt", "fc_link"))


async def test_a_forgotten_password_is_replaced_by_the_link_of_a_mail(visit: Visit) -> None:
    page, email = visit.page, "school@demo.test"
    await page.goto(f"{visit.base}/login")
    await page.get_by_role("link", name="Forgot your password?").click()
    await heading(page, "Forgot your password?")
    await page.get_by_label("E-mail address").fill(email)
    await page.keyboard.press("Enter")
    await heading(page, "Look into your mailbox")
    async with visit.elsewhere() as api:
        await page.goto(await link_in(api, to=email, subject="Choose a new password", page="reset-password"))
    await heading(page, "Choose a new password")
    new = page.get_by_label("New password", exact=True)
    await new.fill("short")
    await page.keyboard.press("Enter")
    await expect(new).to_have_attribute("aria-invalid", "true")
    await accessible(page)
    await new.fill(demo.PASSWORD)
    await page.keyboard.press("Enter")
    await heading(page, "Your password is changed")
    await page.get_by_role("link", name="Sign in").click()
    await heading(page, "Sign in")
    await sign_in(page, email, demo.PASSWORD)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")


async def test_a_session_is_withdrawn_confirmed_and_cancelled_where_its_mails_lead(visit: Visit) -> None:
    page = visit.page
    async with visit.elsewhere() as api:
        async with api.booking(days_ahead=3) as id:
            await page.goto(f"{visit.base}/appointments/{id}")
            await heading(page, "Sign in")
            await sign_in(page, "provider@demo.test", demo.PASSWORD)
            await heading(page, "Session with Ana Reyes")
            await accessible(page)
            await page.get_by_role("button", name="Confirm").click()
            await expect(page.locator("dl")).to_contain_text("Confirmed")
            await page.get_by_role("button", name="Cancel the session").click()
            await heading(page, "Cancel the session?")
            await page.get_by_role("button", name="Back").click()
            await heading(page, "Session with Ana Reyes")
        id = await api.request(days_ahead=3)
        await page.goto(f"{visit.base}/#{id}")  # as mails led there before
        await heading(page, "Sign in")
        await sign_in(page, "student@demo.test", demo.PASSWORD)
        await heading(page, "Session with Noor Haddad")
        assert page.url == f"{visit.base}/appointments/{id}"
        await page.get_by_role("button", name="Withdraw the request").click()
        await page.get_by_role("button", name="Withdraw the request").click()
        await expect(page.locator("dl")).to_contain_text("Withdrawn")
    await page.get_by_role("link", name="All your sessions").click()
    await heading(page, "Your sessions")
    await accessible(page)
    await expect(page.get_by_role("listitem").first).to_contain_text("Noor Haddad")
    assert visit.complaints == []


async def test_a_session_is_attested_and_its_claim_read(visit: Visit) -> None:
    page = visit.page
    async with visit.elsewhere() as api:
        id = await api.request(days_ahead=1)
        await api.act("confirmAppointment", role="PROVIDER", appointmentId=id)
    await visit.pass_hours(96)
    await page.goto(f"{visit.base}/appointments/{id}")
    await heading(page, "Sign in")
    await sign_in(page, "provider@demo.test", demo.PASSWORD)
    await heading(page, "Session with Ana Reyes")
    await accessible(page)
    await page.get_by_label("Presenting concern").select_option("Stress, burnout or feeling overwhelmed")
    await page.get_by_role("button", name="Attest that it took place").click()
    await expect(page.locator("dl")).to_contain_text("Completed")
    await page.get_by_role("link", name="Accepted").click()
    await heading(page, "Claim: accepted")
    await accessible(page)


async def test_what_is_not_for_this_person_says_so(visit: Visit) -> None:
    await visit.page.goto(f"{visit.base}/appointments/apt_01m8jmtah5ew4b5stg87s1919p")
    await heading(visit.page, "Sign in")
    await sign_in(visit.page, "student@demo.test", demo.PASSWORD)
    await heading(visit.page, "There is nothing here for you")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_before_sign_in_suit_everybody_on_a_phone(browser: Browser, base: str, scheme: str) -> None:
    context = await browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": NARROW, "height": 800}
    )
    visit = await Visit.begin(context, base)
    for place in PLACES:
        await visit.page.goto(base + place)
        await expect(visit.page.get_by_role("heading", level=1)).to_be_focused()
        assert await visit.page.evaluate("document.scrollingElement.scrollWidth") <= NARROW
        await accessible(visit.page)
    await context.close()
    assert visit.operations == []  # nothing is asked before somebody does something
    assert visit.complaints == []
