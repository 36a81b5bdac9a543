"""The development mailbox: what it shows, and what a message in it cannot do."""

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.browser.visit import Visit

MAIL_SECONDS = 20
HOSTILE = """<h1>New request</h1><p style="color: #333">You have 72 hours.</p>
<img src="https://tracker.test/seen.png"><script>parent.document.title = "taken over"</script>
<form action="https://collector.test"><button>Send</button></form>"""


def _message(number: int, **other: Any) -> dict[str, Any]:
    sent_at = datetime(2026, 11, 22, number, tzinfo=UTC).isoformat()
    plain = {"id": f"msg_{number}", "to": "provider@demo.test", "from": "credits@demo.test", "sentAt": sent_at}
    return {**plain, "subject": f"Message {number}", "text": f"Text {number}", "html": None, **other}


async def _open(visit: Visit, *messages: dict[str, Any]) -> None:
    async def answer(route: Route) -> None:
        await route.fulfill(json=list(messages))

    await visit.page.route("**/dev/mail.json", answer)
    await visit.page.goto(f"{visit.base}/dev/mail")
    await visit.page.wait_for_selector("#message > *")


async def test_the_newest_message_is_shown_first_and_each_can_be_opened(visit: Visit) -> None:
    await _open(visit, _message(1), _message(3), _message(2))
    shown = visit.page.get_by_role("article")
    assert await visit.page.locator("#messages strong").all_inner_texts() == ["Message 3", "Message 2", "Message 1"]
    assert "Text 3" in await shown.inner_text()
    await visit.page.get_by_role("button", name="Message 1").click()
    assert "Text 1" in await shown.inner_text()


async def test_an_empty_mailbox_says_so(visit: Visit) -> None:
    await _open(visit)
    assert "No message yet" in await visit.page.get_by_role("article").inner_text()


async def test_a_message_runs_no_script_and_loads_nothing(visit: Visit) -> None:
    await _open(visit, _message(1, html=HOSTILE))
    frame = visit.page.frame_locator("iframe")
    assert await frame.locator("h1").inner_text() == "New request"
    assert await frame.locator("p").evaluate("(it) => getComputedStyle(it).color") == "rgb(51, 51, 51)"
    assert await visit.page.title() == "Flexible Credits · development mailbox"
    assert visit.outside == []


@pytest.mark.parametrize("form", ["html", "text"])
async def test_a_link_opens_a_window_of_its_own(visit: Visit, form: str) -> None:
    link = f"{visit.base}/healthz"
    html = f'<p><a href="{link}">Open the session</a> <a href="javascript:alert(1)">Do not</a></p>'
    await _open(visit, _message(1, text=f"Open the session:\n  {link}\nSoon.", html=html if form == "html" else None))
    message: Any = visit.page.frame_locator("iframe") if form == "html" else visit.page.locator("pre")
    async with visit.page.context.expect_page() as opened:
        await message.locator(f'a[href="{link}"]').click()
    window = await opened.value
    await window.wait_for_url(link)
    assert await window.evaluate("opener") is None
    assert visit.page.url.startswith(f"{visit.base}/dev/mail")
    if form == "html":
        assert await message.locator('a[href^="javascript:"]').get_attribute("target") is None


async def test_each_time_has_its_zone(visit: Visit) -> None:
    await _open(visit, _message(1))
    zone = await visit.page.evaluate(
        "new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(0)"
        ".find((part) => part.type === 'timeZoneName').value"
    )
    shown = await visit.page.locator("time").all_inner_texts()
    assert len(shown) == 2
    assert all(time.endswith(zone) for time in shown)


async def test_an_address_is_not_broken_within_a_word_on_a_phone(visit: Visit) -> None:
    await visit.page.set_viewport_size({"width": 390, "height": 800})
    await _open(visit, _message(1, to="a.rather.very.very.long.address@counselling.university.test"))
    for place in ("#messages span", "#message dd >> nth=0"):
        lines_of_each_word = await visit.page.locator(place).evaluate(
            "(it) => [...it.childNodes].filter((part) => part.nodeType === Node.TEXT_NODE).map((word) =>"
            " { const range = document.createRange(); range.selectNodeContents(word);"
            " return range.getClientRects().length })"
        )
        assert lines_of_each_word == [1] * 9


async def test_what_somebody_reads_stays_when_a_new_message_appears(visit: Visit) -> None:
    messages = [_message(1), _message(2)]
    await _open(visit, *messages)
    await visit.page.get_by_role("button", name="Message 1").click()
    await visit.page.unroute("**/dev/mail.json")
    await visit.page.route("**/dev/mail.json", lambda route: route.fulfill(json=[*messages, _message(3)]))
    await expect(visit.page.locator("#messages strong")).to_have_text(["Message 3", "Message 2", "Message 1"])
    await expect(visit.page.get_by_role("article")).to_contain_text("Text 1")


async def test_a_subject_is_text_and_never_markup(visit: Visit) -> None:
    await _open(visit, _message(1, subject="<img src=x onerror=alert(1)>"))
    assert await visit.page.locator("h2").inner_text() == "<img src=x onerror=alert(1)>"


async def test_a_booking_s_message_to_the_provider_appears_by_itself(visit: Visit) -> None:
    await visit.page.goto(f"{visit.base}/dev/mail")
    messages = visit.page.get_by_role("navigation", name="Messages")
    asked = messages.get_by_role("button", name="New request: you have 72 hours to answer").first
    async with visit.elsewhere() as api, api.booking(days_ahead=5):
        await expect(asked).to_contain_text("provider@demo.test", timeout=MAIL_SECONDS * 1000)
    await asked.click()
    body = visit.page.frame_locator("iframe").locator("body")
    await expect(body).to_contain_text("You have 72 hours to confirm or decline")
    assert visit.complaints == []
