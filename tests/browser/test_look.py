"""What everybody needs of the page: nothing that axe finds, the keyboard, and room on a small screen."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.reading import accessible
from tests.browser.visit import Visit

NARROW = 390
PANELS = ("Show Documentation Explorer", "Show History", "Show GraphiQL Explorer")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_checker_finds_nothing_on_any_screen(browser: Browser, base: str, scheme: str) -> None:
    context = await browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    visit = await Visit.begin(context, base)
    await visit.open_graphiql()
    await accessible(visit.page)
    await visit.sign_in("Student")
    await visit.open_starter("Directory page")
    await visit.run()
    for panel in PANELS:
        await visit.page.get_by_role("button", name=panel).click()
        await expect(visit.page.locator(".graphiql-plugin :is(a, button, select)").first).to_be_visible()
        await accessible(visit.page)
    await context.close()


async def test_an_answer_can_be_read_on_a_phone(browser: Browser, base: str) -> None:
    context = await browser.new_context(viewport={"width": NARROW, "height": 800})
    visit = await Visit.begin(context, base)
    await visit.open_graphiql()
    await visit.sign_in("Student")
    await visit.open_starter("Mobile home")
    await visit.run()
    answer = visit.page.get_by_role("region", name="Result Window")
    await expect(answer).to_be_in_viewport(ratio=0.9)
    box = await answer.bounding_box()
    await context.close()
    assert box is not None
    assert box["width"] >= 300


async def test_the_page_fits_a_narrow_screen(browser: Browser, base: str) -> None:
    context = await browser.new_context(viewport={"width": NARROW, "height": 800})
    visit = await Visit.begin(context, base)
    await visit.open_graphiql()
    await visit.sign_in("Operations")
    width = await visit.page.evaluate("document.scrollingElement.scrollWidth")
    run = await visit.page.get_by_role("button", name="Execute").bounding_box()
    await context.close()
    assert width <= NARROW
    assert run is not None
    assert run["x"] + run["width"] <= NARROW


async def test_the_first_tab_stop_signs_in_by_the_keyboard(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.page.locator("body").press("Tab")
    assert await visit.page.evaluate("document.activeElement === document.querySelector('.roles button')")
    await visit.page.keyboard.press("Enter")
    await visit.page.wait_for_selector(".signed-in")
