"""A synthetic graph of the shape of ours, under its own namespace: it can never be taken for real records."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from pyoxigraph import Literal, NamedNode, Quad

NAMESPACE = "https://example.org/iesi-kg-benchmark/"
ONTOLOGY = "https://w3id.org/iesi-kg/ontology#"
CODES = "https://w3id.org/iesi-kg/codes/"
RDF_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
XSD_INTEGER = NamedNode("http://www.w3.org/2001/XMLSchema#integer")
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
