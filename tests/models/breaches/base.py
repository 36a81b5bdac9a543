"""Breaches of the ground: events, the clock of demonstrations, holidays, idempotency keys, throttles and budgets."""

from tests.models.breaches.statements import breach, changed, deleted, emptied, inserted

BREACHES = [
    breach("an event is edited", "events_append_only", changed("events", "$event", "verb = 'nothing'")),
    breach("an event is deleted", "events_append_only", deleted("events", "$event")),
    breach("history is emptied", "events_append_only", emptied("events")),
    breach("two clocks", "demo_clock_one_row", "INSERT INTO demo_clock VALUES (2, 0)"),
    breach("a clock that goes back", "demo_clock_forward", "INSERT INTO demo_clock VALUES (1, -1)"),
    breach("a holiday of nobody", "holidays_kind",
           inserted("holidays", kind="MINE", day="2040-01-02", name="Mine")),
    breach("a holiday on a weekend", "holidays_on_weekday",
           inserted("holidays", kind="BANK", day="2040-01-01", name="New Year's Day")),
    breach("a holiday without a name", "holidays_name", inserted("holidays", kind="BANK", day="2040-01-02", name="")),
    breach("one holiday twice", "holidays_once",
           *(inserted("holidays", id=id, kind="BANK", day="2040-01-02", name="New Year's Day")
             for id in ("$new", "$newer"))),
    breach("one key of one account twice", "idempotency_keys_account_key",
           *(inserted("idempotency_keys", id=id, account_id="$ana", key="key", asked="", created_at="now")
             for id in ("$new", "$newer"))),
    breach("fewer tries than none", "throttles_tries",
           "INSERT INTO throttles VALUES ('k', now(), -1, NULL, NULL, now())"),
    breach("a budget of a name, not of its hash", "budgets_id_is_a_hash",
           "INSERT INTO budgets VALUES ('somebody', now(), 1)"),
    breach("a lease of nothing", "budgets_leased", "INSERT INTO budgets VALUES (decode(md5('x'), 'hex'), now(), 0)"),
]  # fmt: skip
