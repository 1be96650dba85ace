"""A synthetic graph of the shape of ours, under its own namespace: it can never be taken for real records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from pyoxigraph import Literal, NamedNode, Quad

NAMESPACE = "https://example.org/iesi-kg-benchmark/"
ONTOLOGY = "https://w3id.org/iesi-kg/ontology#"
CODES = "https://w3id.org/iesi-kg/codes/"
RDF_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
XSD_DATE = NamedNode("http://www.w3.org/2001/XMLSchema#date")
XSD_INTEGER = NamedNode("http://www.w3.org/2001/XMLSchema#integer")
INITIATIVE = NamedNode(f"{ONTOLOGY}Initiative")
COUNTRIES = ("AT", "BE", "BG", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IT")
AREAS = ("childcare", "civic-engagement", "education-training", "social-housing", "social-inclusion", "social-services")
WORDS = ("care", "older", "people", "digital", "home", "network", "support", "local", "platform", "young", "skills")


def quads(initiatives: int) -> Iterator[Quad]:
    """About 17 quads for each initiative, in the default graph; the same for the same number."""
    random = Random(initiatives)
    own, dct = ONTOLOGY, "http://purl.org/dc/terms/"
    for number in range(initiatives):
        subject = NamedNode(f"{NAMESPACE}initiative/{number}")
        lead = NamedNode(f"{subject.value}#lead")
        organisation = NamedNode(f"{NAMESPACE}organisation/{random.randrange(max(1, initiatives // 3))}")
        yield Quad(subject, RDF_TYPE, NamedNode(f"{own}Initiative"))
        yield Quad(subject, NamedNode(f"{dct}title"), Literal(f"Benchmark initiative {number}"))
        text = " ".join(random.choices(WORDS, k=30))
        yield Quad(subject, NamedNode(f"{dct}description"), Literal(text, language="en"))
        yield Quad(subject, NamedNode(f"{own}country"), NamedNode(f"{CODES}country/{random.choice(COUNTRIES)}"))
        yield Quad(
            subject, NamedNode(f"{own}startYear"), Literal(str(random.randint(1995, 2024)), datatype=XSD_INTEGER)
        )
        for area in random.sample(AREAS, 2):
            yield Quad(
                subject, NamedNode("http://data.europa.eu/m8g/thematicArea"), NamedNode(f"{CODES}policy-area/{area}")
            )
        yield Quad(subject, NamedNode(f"{own}involves"), organisation)
        yield Quad(subject, NamedNode("http://data.europa.eu/m8g/hasParticipation"), lead)
        yield Quad(lead, RDF_TYPE, NamedNode(f"{own}Participation"))
        yield Quad(lead, NamedNode("http://data.europa.eu/m8g/hasParticipant"), organisation)
        yield Quad(lead, NamedNode("http://data.europa.eu/m8g/role"), NamedNode(f"{CODES}participation-role/lead"))
        name = Literal(f"Benchmark organisation {organisation.value.rsplit('/', 1)[1]}")
        yield Quad(organisation, NamedNode("http://www.w3.org/2004/02/skos/core#prefLabel"), name)
        yield Quad(organisation, RDF_TYPE, NamedNode("http://www.w3.org/ns/org#Organization"))


def records(initiatives: int) -> Iterator[list[Quad]]:
    """The same initiatives one by one, each with about 20 quads more: a checklist, a source that was read, an outcome
    with an assessment, and for every second one two codings of a variable, of which some are reviewed.
    """
    random = Random(initiatives + 1)
    record: list[Quad] = []
    number = 0
    for quad in quads(initiatives):
        if record and quad.object == INITIATIVE:
            yield [*record, *_judged(number, random)]
            record, number = [], number + 1
        record.append(quad)
    yield [*record, *_judged(number, random)]


def _judged(number: int, random: Random) -> Iterator[Quad]:
    subject, document = f"{NAMESPACE}initiative/{number}", f"{NAMESPACE}document/{number}"
    source, outcome, evaluation = f"{subject}#source-1", f"{subject}#outcome-1", f"{subject}#evaluation-1"
    yield from _facts(subject, meetsElement=_codes("definition-element", random.sample("1234567", 5), "D"))
    yield from _facts(subject, hasSourceReading=[source], hasOutcome=[outcome])
    yield _typed(document, "SourceDocument")
    yield _typed(source, "SourceReading")
    yield from _facts(source, document=[document], readingStatus=_codes("reading-status", ["read"]))
    yield _typed(outcome, "Outcome")
    yield from _facts(outcome, evaluatedBy=[evaluation])
    yield _typed(evaluation, "Evaluation")
    yield from _facts(evaluation, usesMethod=_codes("evaluation-method", ["before-after"]))
    for position in range(2 * (number % 2)):
        yield from _coding(f"{subject}#coding-{position}", subject, random)


def _coding(coding: str, subject: str, random: Random) -> Iterator[Quad]:
    yield _typed(coding, "VariableCoding")
    yield from _facts(coding, judges=[subject], variable=[f"{ONTOLOGY}ictPotential"])
    yield from _facts(coding, codedValue=_codes("ict-potential", [random.choice("123")]))
    yield from _facts(coding, reviewStatus=_codes("review-status", [random.choice(("reviewed", "unreviewed"))]))
    day = Literal(f"2026-{random.randint(1, 9):02}-10", datatype=XSD_DATE)
    yield Quad(NamedNode(coding), NamedNode("http://purl.org/dc/terms/date"), day)
    coder = NamedNode(f"{NAMESPACE}agent/{random.randrange(20)}")
    yield Quad(NamedNode(coding), NamedNode("http://www.w3.org/ns/prov#wasAttributedTo"), coder)


def _typed(subject: str, name: str) -> Quad:
    return Quad(NamedNode(subject), RDF_TYPE, NamedNode(ONTOLOGY + name))


def _facts(subject: str, **values: Iterable[str]) -> Iterator[Quad]:
    for name, objects in values.items():
        for value in objects:
            yield Quad(NamedNode(subject), NamedNode(ONTOLOGY + name), NamedNode(value))


def _codes(scheme: str, notations: Iterable[str], prefix: str = "") -> list[str]:
    return [f"{CODES}{scheme}/{prefix}{notation}" for notation in notations]
