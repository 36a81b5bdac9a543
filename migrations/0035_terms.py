"""Vocabularies as data: specialties, languages and presenting concerns, each term with a code that stays."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLE = """
CREATE TABLE terms (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL CONSTRAINT terms_kind CHECK (kind IN ('SPECIALTY', 'LANGUAGE', 'PRESENTING_CONCERN')),
    code TEXT NOT NULL,
    label_en TEXT NOT NULL CONSTRAINT terms_label_en CHECK (label_en = btrim(label_en) AND label_en <> ''),
    label_es TEXT NOT NULL CONSTRAINT terms_label_es CHECK (label_es = btrim(label_es) AND label_es <> ''),
    position INT NOT NULL CONSTRAINT terms_position CHECK (position BETWEEN 0 AND 1000000),
    added_by UUID REFERENCES accounts (id) ON DELETE RESTRICT,
    added_at TIMESTAMPTZ NOT NULL,
    retired_at TIMESTAMPTZ,
    CONSTRAINT terms_code UNIQUE (kind, code),
    CONSTRAINT terms_code_form CHECK (length(code) <= 60 AND code ~ CASE kind
        WHEN 'LANGUAGE' THEN '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$'
        ELSE '^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$' END)
);
CREATE UNIQUE INDEX terms_label_en_once ON terms (kind, folded(label_en)) WHERE retired_at IS NULL;
CREATE UNIQUE INDEX terms_label_es_once ON terms (kind, folded(label_es)) WHERE retired_at IS NULL;
CREATE INDEX terms_listed ON terms (kind, position, id);
CREATE INDEX terms_added_by ON terms (added_by) WHERE added_by IS NOT NULL;
"""

# What was written with a code is read with it for good.
STAY = """
CREATE FUNCTION terms_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.kind, NEW.code) = (OLD.id, OLD.kind, OLD.code) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a code is never deleted or renamed'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'terms_stay';
END $$;
CREATE TRIGGER terms_stay BEFORE UPDATE OF id, kind, code OR DELETE ON terms
    FOR EACH ROW EXECUTE FUNCTION terms_stay();
CREATE TRIGGER terms_no_truncate BEFORE TRUNCATE ON terms FOR EACH STATEMENT EXECUTE FUNCTION terms_stay();

CREATE FUNCTION unknown_terms(of_kind text, asked text[]) RETURNS text[] LANGUAGE sql STABLE
RETURN ARRAY(SELECT code FROM unnest(asked) AS code
              WHERE NOT EXISTS (SELECT 1 FROM public.terms known
                                 WHERE known.kind = of_kind AND known.code = code.code AND known.retired_at IS NULL));
COMMENT ON FUNCTION unknown_terms(text, text[]) IS 'The codes that no new row may have: of no term, or of a retired one.';
"""

SPECIALTIES = """
('ACADEMIC', 'Academic stress and performance', 'Estrés y rendimiento académico'),
('ADDICTION', 'Addiction', 'Adicciones'),
('ADHD', 'ADHD', 'TDAH'),
('ADOPTION', 'Adoption', 'Adopción'),
('ANGER_MANAGEMENT', 'Anger management', 'Manejo de la ira'),
('ANXIETY', 'Anxiety', 'Ansiedad'),
('ATHLETES', 'Athletes', 'Deportistas'),
('AUTISM', 'Autism', 'Autismo'),
('BIPOLAR_DISORDER', 'Bipolar disorder', 'Trastorno bipolar'),
('BODY_IMAGE', 'Body image', 'Imagen corporal'),
('BORDERLINE_PERSONALITY', 'Borderline personality disorder', 'Trastorno límite de la personalidad'),
('BURNOUT', 'Burnout', 'Síndrome de desgaste (burnout)'),
('CAREER', 'Career counseling', 'Orientación profesional'),
('CAREGIVING', 'Caregiving', 'Cuidado de familiares'),
('CHRONIC_ILLNESS', 'Chronic illness', 'Enfermedades crónicas'),
('CHRONIC_PAIN', 'Chronic pain', 'Dolor crónico'),
('CODEPENDENCY', 'Codependency', 'Codependencia'),
('COUPLES', 'Couples counseling', 'Terapia de pareja'),
('DEPRESSION', 'Depression', 'Depresión'),
('DISABILITY', 'Disability', 'Discapacidad'),
('DISSOCIATION', 'Dissociative disorders', 'Trastornos disociativos'),
('DIVORCE', 'Divorce and separation', 'Divorcio y separación'),
('DOMESTIC_VIOLENCE', 'Domestic and partner violence', 'Violencia doméstica y de pareja'),
('EATING_DISORDERS', 'Eating disorders', 'Trastornos de la conducta alimentaria'),
('FAMILY', 'Family conflict', 'Conflictos familiares'),
('FIRST_GENERATION', 'First-generation students', 'Estudiantes de primera generación'),
('GENDER_IDENTITY', 'Gender identity', 'Identidad de género'),
('GRIEF', 'Grief and loss', 'Duelo y pérdida'),
('IDENTITY', 'Cultural and personal identity', 'Identidad cultural y personal'),
('IMMIGRATION', 'Immigration and acculturation', 'Inmigración y aculturación'),
('INFERTILITY', 'Infertility', 'Infertilidad'),
('INTERNATIONAL_STUDENTS', 'International students', 'Estudiantes internacionales'),
('LGBTQ', 'LGBTQ+', 'LGBTQ+'),
('LIFE_TRANSITIONS', 'Life transitions', 'Cambios y transiciones de vida'),
('LONELINESS', 'Loneliness and isolation', 'Soledad y aislamiento'),
('MEDICATION', 'Psychiatric medication', 'Medicación psiquiátrica'),
('MEN', 'Men’s mental health', 'Salud mental masculina'),
('MOOD_DISORDERS', 'Mood disorders', 'Trastornos del estado de ánimo'),
('OCD', 'Obsessive-compulsive disorder (OCD)', 'Trastorno obsesivo-compulsivo (TOC)'),
('PANIC', 'Panic attacks', 'Ataques de pánico'),
('PARENTING', 'Parenting', 'Crianza de los hijos'),
('PERFECTIONISM', 'Perfectionism', 'Perfeccionismo'),
('PERINATAL', 'Pregnancy and postpartum', 'Embarazo y posparto'),
('PHOBIAS', 'Phobias', 'Fobias'),
('PSYCHOSIS', 'Psychosis and schizophrenia', 'Psicosis y esquizofrenia'),
('PTSD', 'Post-traumatic stress disorder (PTSD)', 'Trastorno de estrés postraumático (TEPT)'),
('RACISM', 'Racism and discrimination', 'Racismo y discriminación'),
('RELATIONSHIPS', 'Relationships', 'Relaciones interpersonales'),
('SELF_ESTEEM', 'Self-esteem', 'Autoestima'),
('SELF_HARM', 'Self-harm', 'Autolesiones'),
('SEXUAL_ASSAULT', 'Sexual assault and abuse', 'Agresión y abuso sexual'),
('SEXUALITY', 'Sexuality and intimacy', 'Sexualidad e intimidad'),
('SLEEP', 'Sleep and insomnia', 'Sueño e insomnio'),
('SOCIAL_ANXIETY', 'Social anxiety', 'Ansiedad social'),
('SPIRITUALITY', 'Spirituality and religion', 'Espiritualidad y religión'),
('STRESS', 'Stress', 'Estrés'),
('SUBSTANCE_USE', 'Substance use', 'Consumo de sustancias'),
('SUICIDAL_IDEATION', 'Suicidal thoughts', 'Pensamientos suicidas'),
('TRAUMA', 'Trauma', 'Trauma'),
('VETERANS', 'Veterans and military families', 'Veteranos y familias de militares'),
('WOMEN', 'Women’s mental health', 'Salud mental de la mujer')
"""

# BCP 47: the shortest code that ISO 639 has for the language.
LANGUAGES = """
('en', 'English', 'inglés'),
('es', 'Spanish', 'español'),
('am', 'Amharic', 'amárico'),
('ar', 'Arabic', 'árabe'),
('ase', 'American Sign Language', 'lengua de señas estadounidense'),
('bn', 'Bengali', 'bengalí'),
('my', 'Burmese', 'birmano'),
('yue', 'Cantonese', 'cantonés'),
('cmn', 'Mandarin Chinese', 'chino mandarín'),
('prs', 'Dari', 'dari'),
('nl', 'Dutch', 'neerlandés'),
('fa', 'Persian (Farsi)', 'persa (farsi)'),
('fil', 'Filipino (Tagalog)', 'filipino (tagalo)'),
('fr', 'French', 'francés'),
('de', 'German', 'alemán'),
('el', 'Greek', 'griego'),
('gu', 'Gujarati', 'guyaratí'),
('ht', 'Haitian Creole', 'criollo haitiano'),
('he', 'Hebrew', 'hebreo'),
('hi', 'Hindi', 'hindi'),
('hmn', 'Hmong', 'hmong'),
('hy', 'Armenian', 'armenio'),
('ig', 'Igbo', 'igbo'),
('id', 'Indonesian', 'indonesio'),
('it', 'Italian', 'italiano'),
('ja', 'Japanese', 'japonés'),
('km', 'Khmer', 'jemer'),
('ko', 'Korean', 'coreano'),
('lo', 'Lao', 'lao'),
('ml', 'Malayalam', 'malabar'),
('mr', 'Marathi', 'maratí'),
('ne', 'Nepali', 'nepalí'),
('ps', 'Pashto', 'pastún'),
('pl', 'Polish', 'polaco'),
('pt', 'Portuguese', 'portugués'),
('pa', 'Punjabi', 'panyabí'),
('ro', 'Romanian', 'rumano'),
('ru', 'Russian', 'ruso'),
('so', 'Somali', 'somalí'),
('sw', 'Swahili', 'suajili'),
('ta', 'Tamil', 'tamil'),
('te', 'Telugu', 'telugu'),
('th', 'Thai', 'tailandés'),
('ti', 'Tigrinya', 'tigriña'),
('tr', 'Turkish', 'turco'),
('uk', 'Ukrainian', 'ucraniano'),
('ur', 'Urdu', 'urdu'),
('vi', 'Vietnamese', 'vietnamita'),
('yi', 'Yiddish', 'yidis'),
('yo', 'Yoruba', 'yoruba')
"""

# The sixteen that claims have used so far keep their codes; OTHER stays the last.
CONCERNS = """
('ACADEMIC', 'Academic stress or performance', 'Estrés o rendimiento académico'),
('ADJUSTMENT', 'Adjustment to a life change or transition', 'Adaptación a un cambio o transición de vida'),
('ANGER', 'Anger or irritability', 'Ira o irritabilidad'),
('ANXIETY', 'Anxiety, panic or excessive worry', 'Ansiedad, pánico o preocupación excesiva'),
('ATTENTION', 'Difficulty with attention, focus or ADHD', 'Dificultades de atención o concentración, o TDAH'),
('CAREER', 'Career or vocational direction', 'Orientación profesional o vocacional'),
('DEPRESSION', 'Depressed mood or loss of interest', 'Ánimo deprimido o pérdida de interés'),
('DISCRIMINATION', 'Racism, discrimination or harassment', 'Racismo, discriminación o acoso'),
('EATING', 'Eating, weight or body image', 'Alimentación, peso o imagen corporal'),
('FAMILY', 'Family conflict or relationships', 'Conflictos o relaciones familiares'),
('FINANCES', 'Financial, housing or food insecurity', 'Inseguridad económica, de vivienda o alimentaria'),
('GRIEF', 'Loss of a person, pet or relationship', 'Pérdida de una persona, una mascota o una relación'),
('HEALTH', 'Coping with illness, pain or disability', 'Afrontamiento de una enfermedad, dolor o discapacidad'),
('IDENTITY', 'Cultural, gender, sexual or personal identity', 'Identidad cultural, de género, sexual o personal'),
('LONELINESS', 'Loneliness or social isolation', 'Soledad o aislamiento social'),
('MEDICATION', 'Starting, adjusting or stopping psychiatric medication', 'Inicio, ajuste o suspensión de medicación psiquiátrica'),
('MOOD', 'Mood instability or elevated mood', 'Inestabilidad o elevación del estado de ánimo'),
('OBSESSIONS', 'Obsessions or compulsions', 'Obsesiones o compulsiones'),
('PERCEPTION', 'Unusual perceptions or beliefs', 'Percepciones o creencias inusuales'),
('RELATIONSHIPS', 'Partners, friends or roommates', 'Pareja, amistades o compañeros de vivienda'),
('SELF_ESTEEM', 'Self-esteem or self-criticism', 'Autoestima o autocrítica'),
('SELF_HARM', 'Self-harm or suicidal ideation', 'Autolesiones o ideación suicida'),
('SLEEP', 'Insomnia or other sleep problems', 'Insomnio u otros problemas de sueño'),
('SOCIAL_ANXIETY', 'Social anxiety', 'Ansiedad social'),
('STRESS', 'Stress, burnout or feeling overwhelmed', 'Estrés, agotamiento o sensación de desbordamiento'),
('SUBSTANCE_USE', 'Alcohol or other substance use', 'Consumo de alcohol u otras sustancias'),
('TRAUMA', 'Trauma, abuse or assault, recent or past', 'Trauma, abuso o agresión, reciente o pasada'),
('OTHER', 'Another concern', 'Otro motivo de consulta')
"""


def loaded(kind: str, rows: str) -> str:
    """The statement that enters the terms of a kind, in this order; their ids are the same in every database."""
    return f"""
    INSERT INTO terms (id, kind, code, label_en, label_es, position, added_at)
    SELECT md5('{kind} ' || term.code)::uuid, '{kind}', term.code, term.en, term.es,
           10 * row_number() OVER (), '2026-11-29T00:00:00Z'
      FROM (VALUES {rows}) AS term (code, en, es)
    """


class Migration(migrations.Migration):
    """The table, and what people choose from on the first day."""

    dependencies = [("models", "0034_dated_facts")]
    initial = False
    operations = [
        ops.RunSQL(sql)
        for sql in (
            "SET LOCAL lock_timeout = '5s'",
            TABLE,
            STAY,
            loaded("SPECIALTY", SPECIALTIES),
            loaded("LANGUAGE", LANGUAGES),
            loaded("PRESENTING_CONCERN", CONCERNS),
        )
    ]
