"""Breaches of schools and students."""

from tests.models.breaches.statements import breach, changed, copied

BREACHES = [
    breach("two schools of one name", "schools_name_key", copied("schools", "$school")),
    breach("a school's limits are turned round", "schools_limits",
           changed("schools", "$school", "credits_min = 9, credits_max = 8")),
    breach("a school that grants nothing", "schools_limits", changed("schools", "$school", "credits_min = 0")),
    breach("a policy that is none", "schools_missed_session_policy",
           changed("schools", "$school", "missed_session_policy = 'SHOUT'")),
    breach("two students of one address, in capitals", "students_email_in_school",
           copied("students", "$ana"), changed("students", "$new", "email = upper(email)")),
    breach("an erased student keeps the name", "students_erased",
           changed("students", "$ana", "erased_at = now(), email = 'erased+1@invalid', phone = NULL")),
    breach("an erased student keeps the address", "students_erased",
           changed("students", "$ana", "erased_at = now(), name = 'Erased student', phone = NULL")),
    breach("an erased student keeps the phone", "students_erased",
           changed("students", "$ana", "erased_at = now(), name = 'Erased student', email = 'erased+1@invalid',"
                                       " phone = '+16175550100'")),
    breach("an erased student comes back", "students_stay_erased",
           changed("students", "$erased", "erased_at = NULL, name = 'Ana'")),
    breach("an erased student is given a phone", "students_stay_erased",
           changed("students", "$erased", "phone = '+16175550100'")),
]  # fmt: skip
