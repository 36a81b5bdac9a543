"""Breaches of practices and their office users."""

from tests.models.breaches.statements import breach, changed, copied

BREACHES = [
    breach("a practice without a name", "practices_name", changed("practices", "$practice", "name = ''")),
    breach("two practices of one name, in capitals", "practices_name_key",
           copied("practices", "$practice", name="HARBOR")),
    breach("an office user of no practice that there is", "memberships_practice",
           changed("memberships", "$office_user", "practice_id = '$new'")),
    breach("an invitation to no practice that there is", "invitations_practice",
           copied("invitations", "$invitation", role="OFFICE", student_id=None, school_id=None, practice_id="$newer")),
    breach("an owner of nothing", "memberships_owner_of_practice",
           copied("memberships", "$owner", role="OPS", practice_id=None)),
    breach("an office user who never lapses", "memberships_revalidation",
           changed("memberships", "$office_user", "validated_at = NULL, revalidate_by = NULL")),
    breach("an owner who lapses", "memberships_revalidation",
           changed("memberships", "$owner", "validated_at = now(), revalidate_by = now()")),
    breach("a lapse of nobody's word", "memberships_revalidation",
           changed("memberships", "$office_user", "validated_at = NULL")),
    breach("more than 90 days", "memberships_revalidation",
           changed("memberships", "$office_user", "revalidate_by = validated_at + interval '91 days'")),
    breach("two owners", "memberships_one_owner",
           changed("memberships", "$office_user", "is_owner = true, validated_at = NULL, revalidate_by = NULL")),
    breach("a revalidation announced twice", "events_revalidation_once", copied("events", "$due")),
    breach("a revalidation announced of no turn", "events_revalidation_since",
           copied("events", "$due", data={"until": "soon"})),
]  # fmt: skip
