"""What everybody needs of the page: names, contrast, the keyboard, and room on a small screen."""

import pytest
from playwright.async_api import Browser

from tests.browser.visit import Visit

NARROW = 390
CONTRAST_MIN = 4.5

WORST_CONTRAST = """() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([...channels]) => channels.slice(0, 3)
        .map((channel) => channel / 255)
        .map((share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4))
        .reduce((sum, share, index) => sum + share * [0.2126, 0.7152, 0.0722][index], 0);
    const behind = (it) => {
        for (let at = it; at; at = at.parentElement) {
            const colour = rgba(getComputedStyle(at).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return [255, 255, 255, 255];
    };
    const texts = [...document.querySelectorAll('header *, nav *')]
        .filter((it) => [...it.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
    return Math.min(...texts.map((it) => {
        const lights = [luminance(rgba(getComputedStyle(it).color)), luminance(behind(it))].sort((a, b) => b - a);
        return (lights[0] + 0.05) / (lights[1] + 0.05);
    }));
}"""

UNNAMED = """[...document.querySelectorAll('header button, header input, header select, nav button')]
    .filter((it) => !(it.textContent.trim() || it.ariaLabel || it.labels?.length)).length"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_bar_can_be_read_in_light_and_in_dark(browser: Browser, base: str, scheme: str) -> None:
    context = await browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    visit = await Visit.begin(context, base)
    await visit.open_graphiql()
    await visit.sign_in("Operations")
    await visit.until("!document.querySelector('header button:disabled')")
    worst = await visit.page.evaluate(WORST_CONTRAST)
    await context.close()
    assert worst >= CONTRAST_MIN


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


async def test_every_control_around_the_editor_has_a_name(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Operations")
    assert await visit.page.evaluate(UNNAMED) == 0
