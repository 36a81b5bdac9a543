"""Signing in through a campus in a browser, with a stand-in for the school's identity provider."""

from playwright.async_api import Browser, expect

from tests.browser.reading import accessible, heading
from tests.browser.visit import Visit
from tests.support.campus_stand_in import CLIENT_ID, CLIENT_SECRET, campus_stand_in


async def test_a_student_comes_back_from_the_campus_to_where_they_wanted_to_go(browser: Browser, base: str) -> None:
    context = await browser.new_context()
    page = await context.new_page()  # no Visit: this browser has to leave for the campus
    async with campus_stand_in() as campus, Visit(page, base).elsewhere() as api:
        campus.person = {"sub": "priya-0001", "email": "priya@demo.test", "email_verified": True}
        school = (await api.ask("{ viewer { school { id } } }", role="SCHOOL"))["viewer"]["school"]["id"]
        answer = await api.do(
            "setCampusIssuer", role="OPS", selection="campusIssuer { id }", schoolId=school, issuer=campus.issuer,
            clientId=CLIENT_ID, clientSecret=CLIENT_SECRET, returnTo=[f"{base}/login"],
        )  # fmt: skip
        assert answer["userErrors"] == []
        await page.goto(f"{base}/appointments")
        await heading(page, "Sign in")
        await page.get_by_text("Students: sign in through your campus").click()
        await page.get_by_label("Name of your school").fill("lakeview")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Lakeview University")).to_be_visible()
        await accessible(page)
        await page.get_by_role("button", name="Lakeview University").click()
        await heading(page, "Before your first sign-in")
        assert page.url == f"{base}/login"  # the code is out of the address bar
        await accessible(page)
        for box in await page.get_by_role("checkbox").all():
            await box.check()
        await page.get_by_role("button", name="Accept and sign in").click()
        await heading(page, "Your sessions")
        assert await page.evaluate("sessionStorage.length") == 0
    await page.goto(f"{base}/login?error=not_a_student_here")
    await heading(page, "You are not signed in")
    await context.close()
