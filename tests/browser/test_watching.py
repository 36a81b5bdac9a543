"""Subscriptions in GraphiQL, on the real schema: what others do appears, and an end is told with its reason."""

from playwright.async_api import expect

from tests.browser.visit import Visit


async def test_what_another_client_does_appears_in_an_open_subscription(visit: Visit) -> None:
    async with visit.elsewhere() as api, api.booking(days_ahead=2) as id:
        await visit.open_graphiql()
        await visit.sign_in("Student")
        await visit.open_starter("Watch my appointments")
        assert (await visit.run())["data"]["appointmentChanged"]["refetch"] is True
        await api.act("confirmAppointment", role="PROVIDER", appointmentId=id)
        told = (await visit.answer(containing="APPOINTMENT_CONFIRMED"))["data"]["appointmentChanged"]
        await expect(visit.page.get_by_role("region", name="Subscription")).to_contain_text("Listening: 2 messages")
    assert told["refetch"] is False
    assert (told["appointment"]["id"], told["appointment"]["status"]) == (id, "CONFIRMED")
    assert visit.complaints == []
    await visit.page.get_by_role("button", name="Stop").click()
    await expect(visit.page.get_by_role("region", name="Subscription")).to_have_count(0)


async def test_another_tab_has_run_while_a_subscription_listened_in_its_own(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    await visit.open_starter("Watch my appointments")
    await visit.run()
    await expect(visit.page.get_by_role("button", name="Stop query")).to_be_visible()
    await visit.page.get_by_role("button", name="New tab").click()
    await expect(visit.page.get_by_role("button", name="Stop query")).to_have_count(0)
    await visit.write("query Me { viewer { role } }")
    assert (await visit.run())["data"] == {"viewer": {"role": "STUDENT"}}


async def test_a_stream_whose_token_has_run_out_says_so_and_goes_on_with_a_new_one(visit: Visit) -> None:
    await visit.open_graphiql()
    await visit.sign_in("Student")
    await visit.open_starter("Watch my appointments")
    await visit.run()
    await visit.pass_hours(1)
    line = visit.page.get_by_role("region", name="Subscription")
    await expect(line).to_contain_text("The stream has ended: your session has ended, or its token has run out (4401)")
    await line.get_by_role("button", name="Run again").click()
    assert (await visit.answer(containing="refetch"))["data"]["appointmentChanged"]["refetch"] is True
    await expect(line).to_contain_text("Listening")
