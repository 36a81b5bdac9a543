"""What a person and a checker read of one of our own pages."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from tests.browser.visit import Elsewhere

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
FOUND = """axe.run(document).then(({ violations }) => violations.map(({ id, help, nodes }) =>
    `${id}: ${help}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`))"""
LINK = re.compile(r"https?://[^\s\"<>]+")
MAIL_SECONDS = 20


async def heading(page: Page, text: str) -> None:
    """Wait until the page of this heading is shown; its title says the same, and reading begins at it."""
    found = page.get_by_role("heading", level=1)
    await expect(found).to_have_text(text)
    await expect(found).to_be_focused()
    assert (await page.title()).startswith(text)


async def accessible(page: Page) -> None:
    """Let axe look at the page as it stands now: nothing may be found."""
    await page.evaluate(f"{AXE.read_text()}; 0")
    assert await page.evaluate(FOUND) == []


async def sign_in(page: Page, email: str, password: str) -> None:
    """Fill in the sign-in form and send it by the keyboard."""
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")


async def mail(api: Elsewhere, *, to: str, subject: str) -> dict[str, Any]:
    """The newest message of this subject to this address, once it is there."""
    async with asyncio.timeout(MAIL_SECONDS):
        while True:
            messages = (await api.http.get("/dev/mail.json")).json()
            found = [one for one in messages if one["to"] == to and one["subject"] == subject]
            if found:
                return dict(found[-1])
            await asyncio.sleep(0.2)


async def link_in(api: Elsewhere, *, to: str, subject: str, page: str) -> str:
    """The link to this page of ours in such a message."""
    text = (await mail(api, to=to, subject=subject))["text"]
    [link] = {link for link in LINK.findall(text) if f"/{page}#" in link}
    return str(link)
