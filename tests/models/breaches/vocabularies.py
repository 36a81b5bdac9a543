"""Breaches of vocabularies, and of what refers to their terms."""

from tests.models.breaches.statements import breach, changed, copied, deleted, emptied

RETIRE_ALL = "UPDATE terms SET retired_at = now()"

BREACHES = [
    breach("a vocabulary that is none", "terms_kind", copied("terms", "$term", kind="COLOR")),
    breach("one code twice", "terms_code", copied("terms", "$term", label_en="Another", label_es="Otra")),
    breach("a code in small letters", "terms_code_form",
           copied("terms", "$term", code="grief", label_en="A", label_es="B")),
    breach("a language that is no tag", "terms_code_form",
           copied("terms", "$term", kind="LANGUAGE", code="SPANISH", label_en="A", label_es="B")),
    breach("two terms of one English label", "terms_label_en_once",
           copied("terms", "$term", code="NEW", label_en="GRIEF and loss", label_es="Otra")),
    breach("two terms of one Spanish label", "terms_label_es_once",
           copied("terms", "$term", code="NEW", label_en="Another", label_es="Duelo y perdida")),
    breach("a term without an English label", "terms_label_en", changed("terms", "$term", "label_en = ''")),
    breach("a term without a Spanish label", "terms_label_es", changed("terms", "$term", "label_es = ' '")),
    breach("a place before the first", "terms_position", changed("terms", "$term", "position = -1")),
    breach("a code that is renamed", "terms_stay", changed("terms", "$term", "code = 'MOURNING'")),
    breach("a term that changes its vocabulary", "terms_stay",
           changed("terms", "$term", "kind = 'PRESENTING_CONCERN'")),
    breach("a term that is deleted", "terms_stay", deleted("terms", "$term")),
    breach("terms that are emptied", "terms_stay", emptied("terms")),
    breach("a specialty in free text", "providers_specialties_known",
           changed("providers", "$provider", "specialties = ARRAY['Grief']")),
    breach("a specialty that is retired", "providers_specialties_known", RETIRE_ALL,
           changed("providers", "$provider", "specialties = specialties || ARRAY['GRIEF']")),
    breach("a new profile with a retired specialty", "providers_specialties_known", RETIRE_ALL,
           copied("providers", "$provider")),
    breach("a language that nobody knows", "providers_languages_known",
           changed("providers", "$provider", "languages = ARRAY['en', 'xx']")),
    breach("a presenting concern that is a specialty", "claims_concern_known",
           changed("claims", "$claim", "presenting_concern = 'ATHLETES'")),
    breach("a new claim with a retired presenting concern", "claims_concern_known", RETIRE_ALL,
           changed("claims", "$claim", "presenting_concern = 'SLEEP'")),
]  # fmt: skip
