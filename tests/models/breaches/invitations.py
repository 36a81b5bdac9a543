"""Breaches of invitations."""

from tests.models.breaches.statements import breach, changed, copied

BREACHES = [
    breach("an invitation to be a machine", "invitations_subject",
           changed("invitations", "$invitation", "role = 'PARTNER', student_id = NULL")),
    breach("an invitation of a student without a student", "invitations_subject",
           changed("invitations", "$invitation", "student_id = NULL")),
    breach("an invitation to own a school", "invitations_subject",
           changed("invitations", "$invitation", "is_owner = true")),
    breach("an invitation with two ends", "invitations_one_end",
           changed("invitations", "$invitation", "accepted_at = now(), withdrawn_at = now()")),
    breach("an invitation of a year", "invitations_expire",
           changed("invitations", "$invitation", "expires_at = created_at + interval '1 year'")),
    breach("an invitation that has ended before it was sent", "invitations_expire",
           changed("invitations", "$invitation", "expires_at = created_at")),
    breach("two open invitations to the same", "invitations_one_open", copied("invitations", "$invitation")),
    breach("an invitation of an erased student", "students_not_erased",
           copied("invitations", "$invitation", email="other@example.test", student_id="$erased")),
]  # fmt: skip
