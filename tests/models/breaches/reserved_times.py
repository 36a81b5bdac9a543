"""Breaches of reserved times and of proposals to move a session."""

from typing import Any

from tests.models.breaches.statements import breach, changed, copied, deleted, emptied, inserted

MOVED = "starts_at = '$moved', ends_at = '$moved_end', attest_by = '$much_later'"


def proposal(**changes: Any) -> str:
    """A proposal to move Ana's confirmed session."""
    columns: dict[str, Any] = {
        "id": "$new", "appointment_id": "$confirmed", "by_side": "STUDENT", "from_starts_at": "$begins",
        "to_starts_at": "$moved", "proposed_at": "$at", "answer_by": "$at", "status": "OPEN", "closed_at": None,
    }  # fmt: skip
    return inserted("reschedule_proposals", **columns | changes)


def proposed_time(**changes: Any) -> str:
    """The time that it would move to."""
    columns: dict[str, Any] = {
        "id": "$newer", "kind": "PROPOSED", "starts_at": "$moved", "ends_at": "$moved_end",
        "blocked_from": "$moved", "blocked_until": "$moved_end",
    }  # fmt: skip
    return copied("reserved_times", "$confirmed", **columns | changes)


RELEASED = deleted("reserved_times", "$confirmed")
ACCEPTED = (
    RELEASED,
    changed("reserved_times", "$newer", "kind = 'CURRENT'"),
    changed("appointments", "$confirmed", MOVED),
    changed("reschedule_proposals", "$new", "status = 'ACCEPTED', closed_at = '$at'"),
)
"""An accepted move, statement by statement."""

TIMES = [
    breach("a kind of reserved time that is none", "reserved_times_kind", proposed_time(kind="HOPED_FOR")),
    breach("a reserved time that is over before it begins", "reserved_times_order",
           proposed_time(ends_at="$moved", blocked_until="$moved")),
    breach("a reserved time that blocks less than its session", "reserved_times_buffers",
           proposed_time(blocked_until="$moved")),
    breach("a buffer longer than an hour", "reserved_times_buffers", proposed_time(blocked_from="$begins")),
    breach("two current times of one session", "reserved_times_one_of_kind", proposed_time(kind="CURRENT")),
    breach("the time of a live session is released", "reserved_times_of_live", RELEASED),
    breach("a reserved time is moved by itself", "reserved_times_append_only",
           changed("reserved_times", "$confirmed", "ends_at = ends_at - interval '1 minute'")),
    breach("a current time becomes a proposed one", "reserved_times_append_only",
           changed("reserved_times", "$confirmed", "kind = 'PROPOSED'")),
    breach("all reserved times are removed", "reserved_times_append_only", emptied("reserved_times")),
    breach("a time is reserved for a session that has ended", "reserved_times_of_live",
           copied("reserved_times", "$confirmed", appointment_id="$declined", provider_id="$provider",
                  person_id="$ben", kind="CURRENT", starts_at="$later", ends_at="$later_end",
                  blocked_from="$later", blocked_until="$later_end")),
    breach("a live session is moved and its time is not", "reserved_times_of_live",
           changed("appointments", "$confirmed", MOVED)),
    breach("the time of a live session goes to another person", "reserved_times_of_live",
           changed("reserved_times", "$confirmed", "person_id = '$cleo'")),
    breach("a proposed time is taken by another session of the provider", "appointments_provider_free",
           proposal(), proposed_time(),
           copied("appointments", "$confirmed", id="$newest", student_id="$ben", status="REQUESTED",
                  confirmed_at=None, starts_at="$moved", ends_at="$moved_end", attest_by="$much_later")),
    breach("a proposed time that is taken", "appointments_provider_free",
           proposal(to_starts_at="$begins", from_starts_at="$moved"),
           proposed_time(appointment_id="$declined", starts_at="$begins", ends_at="$begins_end",
                         blocked_from="$begins", blocked_until="$begins_end")),
]  # fmt: skip

PROPOSALS = [
    breach("a proposal of a side that is none", "reschedule_proposals_by_side", proposal(by_side="OPS")),
    breach("a proposal that is in no status", "reschedule_proposals_status", proposal(),
           changed("reschedule_proposals", "$new", "status = 'MAYBE', closed_at = now()")),
    breach("a proposal to stay", "reschedule_proposals_moves", proposal(to_starts_at="$begins")),
    breach("a proposal that may be answered after the start", "reschedule_proposals_answer_in_time",
           proposal(answer_by="$later")),
    breach("a proposal that closes at no time", "reschedule_proposals_closed", proposal(),
           changed("reschedule_proposals", "$new", "status = 'DECLINED'")),
    breach("a second open proposal of a session", "reschedule_proposals_one_open",
           proposal(), proposal(id="$newest", to_starts_at="$free")),
    breach("a proposal begins as accepted", "reschedule_proposals_append_only",
           proposal(status="ACCEPTED", closed_at="$at")),
    breach("a proposal is changed while it waits", "reschedule_proposals_append_only", proposal(),
           changed("reschedule_proposals", "$new", "to_starts_at = '$free'")),
    breach("a proposal is answered twice", "reschedule_proposals_append_only", proposal(), proposed_time(), *ACCEPTED,
           changed("reschedule_proposals", "$new", "status = 'DECLINED'")),
    breach("a proposal is deleted", "reschedule_proposals_append_only", proposal(),
           deleted("reschedule_proposals", "$new")),
    breach("a request is to be moved before it is confirmed", "reschedule_proposals_of_confirmed",
           proposal(appointment_id="$requested")),
    breach("a proposal from a start that the session does not have", "reschedule_proposals_of_confirmed",
           proposal(from_starts_at="$free"), proposed_time()),
    breach("a proposal without a reserved time", "reserved_times_of_proposal", proposal()),
    breach("a proposed time without a proposal", "reserved_times_of_proposal", proposed_time()),
    breach("another time is reserved than was proposed", "reserved_times_of_proposal",
           proposal(to_starts_at="$free"), proposed_time()),
    breach("a declined proposal keeps its time", "reserved_times_of_proposal", proposal(), proposed_time(),
           changed("reschedule_proposals", "$new", "status = 'DECLINED', closed_at = now()")),
    breach("a session is moved to a time that is not offered", "appointments_in_opening",
           proposal(to_starts_at="$later"),
           proposed_time(starts_at="$later", ends_at="$later_end", blocked_from="$later", blocked_until="$later_end"),
           RELEASED, changed("reserved_times", "$newer", "kind = 'CURRENT'"),
           changed("appointments", "$confirmed",
                   "starts_at = '$later', ends_at = '$later_end', attest_by = '$much_later'"),
           changed("reschedule_proposals", "$new", "status = 'ACCEPTED', closed_at = '$at'")),
]  # fmt: skip

BREACHES = [*TIMES, *PROPOSALS]
