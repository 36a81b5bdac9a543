"""The demo data: one school, providers with openings, a student with credits, and an account for each role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from models.accounts import agreements, passwords
from models.accounts.accounts import Account
from models.availability.hours import Hours
from models.availability.openings import set_weekly_hours
from models.base import clock
from models.base.access import Role
from models.base.amounts import Credits
from models.base.statements import transaction, write
from models.credits import grants as credits
from models.directory.licenses import COVERED, License, LicenseClass
from models.directory.providers import DegreeLevel, Provider, Service
from models.enrollment.enrollments import enroll
from models.invitations.invitations import MembershipOffer, membership_of
from models.keys import partner_keys
from models.practices.practices import Practice
from models.rates.rates import Rate, VisitType
from models.schools.schools import School
from models.schools.students import Student

PARTNER_KEY = "fc_partner_demo-key-of-lakeview-2026"
PASSWORD = "demo-password-2026"  # noqa: S105 — public by intention; production refuses a database that holds it
DOMAIN = "demo.test"


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoAccount:
    """One account of a demo server."""

    role: str
    email: str = ""
    key: str = ""
    first_query: str

    @property
    def sign_in(self) -> str:
        """What to type to sign in: an address, or for a machine its key."""
        return self.email or self.key


ACCOUNTS = (
    DemoAccount(role="STUDENT", email=f"student@{DOMAIN}", first_query="{ wallet { available held settled } }"),
    DemoAccount(
        role="PROVIDER",
        email=f"provider@{DOMAIN}",
        first_query="{ appointments(first: 5) { nodes { status startsAt } } }",
    ),
    DemoAccount(
        role="OFFICE",
        email=f"office@{DOMAIN}",
        first_query="{ viewer { practice { name officeUsers { title revalidateBy } } } }",
    ),
    DemoAccount(role="SCHOOL", email=f"school@{DOMAIN}", first_query="{ students(first: 5) { nodes { id name } } }"),
    DemoAccount(role="PARTNER", key=PARTNER_KEY, first_query="{ students(first: 5) { nodes { id state } } }"),
    DemoAccount(role="OPS", email=f"ops@{DOMAIN}", first_query="{ ledgerProof { agrees } }"),
    DemoAccount(role="FINANCE", email=f"finance@{DOMAIN}", first_query="{ claims(first: 5) { nodes { status } } }"),
)

PROVIDERS = (
    ("Noor Haddad", "LICSW", DegreeLevel.MASTERS, LicenseClass.CLINICAL_SOCIAL_WORKER, ["ANXIETY", "GRIEF"], "MA"),
    (
        "Daniel Okafor",
        "LMHC",
        DegreeLevel.MASTERS,
        LicenseClass.MENTAL_HEALTH_COUNSELOR,
        ["DEPRESSION", "STRESS"],
        "MA",
    ),
    ("Mei-Lin Zhou", "PsyD", DegreeLevel.DOCTORATE, LicenseClass.PSYCHOLOGIST, ["TRAUMA", "IDENTITY"], "MA"),
    ("Rosa Delgado", "LMFT", DegreeLevel.MASTERS, LicenseClass.MARRIAGE_FAMILY_THERAPIST, ["RELATIONSHIPS"], "CA"),
    ("Ethan Brooks", "LCSW", DegreeLevel.MASTERS, LicenseClass.CLINICAL_SOCIAL_WORKER, ["SLEEP", "STRESS"], "NY"),
)
LANGUAGES = (["en", "ar"], ["en", "ig"], ["en", "cmn"], ["en", "es"], ["en"])
"""The languages of each of them."""
STUDENTS = ("Ana Reyes", "Jordan Lee", "Priya Nair", "Sam Whitfield")
RATES_CENTS = {
    DegreeLevel.ASSOCIATE: (9500, 7500),
    DegreeLevel.MASTERS: (12500, 9500),
    DegreeLevel.DOCTORATE: (15000, 11500),
}
RATES_SINCE = date(2024, 1, 1)


async def is_loaded() -> bool:
    """Whether this database holds the demo accounts."""
    return await Account.filter(email=ACCOUNTS[0].email).exists()


async def load() -> None:
    """Load the demo data in one transaction, by the program's own verbs."""
    at = await clock.demo_now()
    async with transaction():
        await load_rates()
        school = await School.open(
            name="Lakeview University", time_zone="America/New_York", credits_min=2, credits_max=12, by=None, at=at
        )
        providers = [await load_provider(index, at) for index in range(len(PROVIDERS))]
        students = [await load_student(school, name, at) for name in STUDENTS]
        practice = await load_practice(providers[:2], at)
        await load_accounts(school, providers[0], students[0], practice, at)
        await partner_keys.made(
            school.id, "Student portal", timedelta(days=partner_keys.DAYS_MAX), secret=PARTNER_KEY, by=None, at=at
        )


async def load_rates() -> None:
    """Rates for every degree, license class and service that covers it."""
    for degree, (intake, follow_up) in RATES_CENTS.items():
        rows = [
            Rate(
                visit_type=visit_type,
                service=service,
                degree_level=degree,
                license_class=license_class,
                amount_cents=cents,
                effective_from=RATES_SINCE,
            )
            for service, classes in COVERED.items()
            for license_class in sorted(classes)
            for visit_type, cents in ((VisitType.INTAKE, intake), (VisitType.FOLLOW_UP, follow_up))
        ]
        await write(*rows)


async def load_provider(index: int, at: datetime) -> Provider:
    """One enrolled provider with a verified license and a working week."""
    name, title, degree, license_class, specialties, state = PROVIDERS[index]
    zone = {"CA": "America/Los_Angeles"}.get(state, "America/New_York")
    first = name.split()[0].lower().replace("-", "")
    provider = await Provider.join(
        name=name,
        title=title,
        email=f"provider@{DOMAIN}" if index == 0 else f"{first}@{DOMAIN}",
        degree_level=degree,
        services=[Service.THERAPY],
        specialties=specialties,
        languages=LANGUAGES[index],
        time_zone=zone,
        telehealth_link=f"https://telehealth.{DOMAIN}/{first}",
        bio=f"{name} works with students on {' and '.join(specialties).lower()}.",
        missed_appointment_policy="Please cancel 24 hours ahead. After two missed sessions we pause.",
        by=None,
        at=at,
    )
    license = await License.enter(
        provider,
        license_class=license_class,
        title=title,
        number=f"{state}-{10400 + index}",
        state=state,
        expires_on=at.date() + timedelta(days=3 * 365),
        by=None,
        at=at,
    )
    await license.verify(by=None, at=at)
    await enroll(provider, by=None, at=at)
    week = [Hours(weekday=day, starts=time(9), ends=time(17)) for day in range(1, 6)]
    return await set_weekly_hours(provider, week, by=None, at=at)


async def load_student(school: School, name: str, at: datetime) -> Student:
    """One student, the first two with credits."""
    first = name.split()[0].lower()
    email = f"student@{DOMAIN}" if name == STUDENTS[0] else f"{first}@{DOMAIN}"
    student = await Student.enter(
        school, name=name, email=email, state="MA", time_zone="America/New_York", by=None, at=at
    )
    if name in STUDENTS[:2]:
        await credits.grant(student, Credits(6), expires_at=None, note="Fall term", by=None, at=at)
    return student


async def load_practice(providers: list[Provider], at: datetime) -> Practice:
    """A group practice with its clinicians."""
    practice = await Practice.open(name="Harborview Therapy", by=None, at=at)
    for provider in providers:
        await provider.set_practice(practice.id, by=None, at=at)
    return practice


async def load_accounts(school: School, provider: Provider, student: Student, practice: Practice, at: datetime) -> None:
    """An account for each role, all with the one demo password."""
    password = passwords.PASSWORDS.hash(PASSWORD)
    places: dict[Role, MembershipOffer] = {
        Role.STUDENT: MembershipOffer(role=Role.STUDENT, student_id=student.id, school_id=school.id),
        Role.PROVIDER: MembershipOffer(role=Role.PROVIDER, provider_id=provider.id),
        Role.OFFICE: MembershipOffer(
            role=Role.OFFICE, practice_id=practice.id, title="Practice manager", is_owner=True
        ),
        Role.SCHOOL: MembershipOffer(role=Role.SCHOOL, school_id=school.id),
    }
    names = {Role.STUDENT: student.name, Role.PROVIDER: provider.name}
    people = [
        (
            demo_account.email,
            names.get(role, f"{role.value.capitalize()} of the demo"),
            places.get(role, MembershipOffer(role=role)),
        )
        for demo_account in ACCOUNTS
        for role in [Role(demo_account.role)]
        if demo_account.email
    ]
    desk = MembershipOffer(role=Role.OFFICE, practice_id=practice.id, title="Front desk")
    for email, name, offer in [*people, (f"desk@{DOMAIN}", "Front desk of the demo", desk)]:
        account = Account(email=email, name=name, password_hash=password, email_verified_at=at, created_at=at)
        await write(
            account,
            membership_of(account.id, offer, at=at),
            *agreements.accepted_now(account.id, agreements.required_of(offer.role), at=at),
        )
