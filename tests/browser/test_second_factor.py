"""Second factors on a server that demands them: the page sets one up before anything else, and asks for its codes."""

from collections.abc import AsyncIterator

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.server import demo_server
from tests.browser.visit import Visit
from tests.support.postgres import copy_of_template

PROOF = "query Proof { ledgerProof { agrees } }"


@pytest_asyncio.fixture(loop_scope="session")
async def strict(browser: Browser, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visit]:
    """A visit to a demo server that demands second factors of staff, as production does."""
    demands = {"FC_SECOND_FACTOR_REQUIRED": "true"}
    async with (
        copy_of_template(postgres) as url,
        demo_server(url, tmp_path_factory.mktemp("strict"), **demands) as address,
        await browser.new_context() as context,
    ):
        visit = await Visit.begin(context, address)
        yield visit
        assert visit.outside == []
        assert visit.untrusted() == []


async def test_staff_set_up_a_second_factor_before_anything_else_and_sign_in_with_it_afterwards(strict: Visit) -> None:
    await strict.open_graphiql()
    await strict.sign_in("Operations")
    assert await strict.page.get_by_role("button", name="Execute").count() == 0
    assert await strict.page.get_by_role("group", name="Demo server's clock").count() == 0

    panel = strict.page.get_by_role("region", name="Second factor")
    await panel.get_by_role("button", name="Set up an authenticator").click()
    secret = (await panel.locator("code").inner_text()).replace(" ", "")
    address = await panel.get_by_role("link").get_attribute("href")
    assert pyotp.parse_uri(address or "").secret == secret
    assert await panel.get_by_role("img", name="QR code").is_visible()
    await _enter(strict, "000000")
    await expect(panel.get_by_role("alert")).to_contain_text("This one-time code is wrong")
    await _enter(strict, pyotp.TOTP(secret).now())
    await expect(panel.locator("li")).to_have_count(10)
    recovery_code = await panel.locator("li").first.inner_text()
    await panel.get_by_role("button", name="I have kept them").click()
    await expect(panel).to_have_count(0)
    await strict.can_type()
    await strict.write(PROOF)
    assert (await strict.run())["data"]["ledgerProof"]["agrees"] is True
    assert recovery_code not in await strict.stored()

    await strict.page.get_by_role("button", name="Sign out").click()
    await strict.page.locator(".roles").get_by_role("button", name="Operations").click()
    asks = strict.page.get_by_role("form", name="One-time code of ops@demo.test")
    await asks.get_by_label("One-time code").fill("not a code")
    await asks.get_by_role("button", name="Continue").click()
    await expect(strict.page.get_by_role("status")).to_contain_text("wrong")
    await asks.get_by_label("One-time code").fill(recovery_code)
    await asks.get_by_role("button", name="Continue").click()
    await expect(strict.page.locator(".signed-in")).to_contain_text("Operations")
    await strict.can_type()
    await strict.write(PROOF)
    assert (await strict.run())["data"]["ledgerProof"]["agrees"] is True
    assert strict.complaints == []
    assert set(strict.sent()) >= {
        "SignIn",
        "SecondFactor",
        "EnrolSecondFactor",
        "ConfirmSecondFactor",
        "SignOut",
        "ServerClock",
    }


async def _enter(visit: Visit, code: str) -> None:
    await visit.page.get_by_label("The code it shows now").fill(code)
    await visit.page.get_by_role("button", name="Confirm").click()
