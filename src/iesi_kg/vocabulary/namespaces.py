"""The namespaces of every vocabulary the graph uses, as plain strings and as one prefix table."""

from __future__ import annotations

BASE = "https://w3id.org/iesi-kg/"

ADMS = "http://www.w3.org/ns/adms#"
CPSV = "http://purl.org/vocab/cpsv#"
DCAT = "http://www.w3.org/ns/dcat#"
DCT = "http://purl.org/dc/terms/"
DQV = "http://www.w3.org/ns/dqv#"
FOAF = "http://xmlns.com/foaf/0.1/"
FRAPO = "http://purl.org/cerif/frapo/"
IESI = f"{BASE}ontology#"
M8G = "http://data.europa.eu/m8g/"
NUTS = "http://data.europa.eu/nuts/code/"
NUTS_2021 = "http://data.europa.eu/eli/reg_del/2019/1755/oj"  # which version the codes are of
OA = "http://www.w3.org/ns/oa#"
ORG = "http://www.w3.org/ns/org#"
OWL = "http://www.w3.org/2002/07/owl#"
PAV = "http://purl.org/pav/"
PROV = "http://www.w3.org/ns/prov#"
QB = "http://purl.org/linked-data/cube#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SCHEMA = "https://schema.org/"
SD = "http://www.w3.org/ns/sparql-service-description#"
SEMAPV = "https://w3id.org/semapv/vocab/"
SERVICE = f"{BASE}service#"
SH = "http://www.w3.org/ns/shacl#"
SPDX = "http://spdx.org/rdf/terms#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SSSOM = "https://w3id.org/sssom/"
VANN = "http://purl.org/vocab/vann/"
VOID = "http://rdfs.org/ns/void#"
VOID_EXT = "http://ldf.fi/void-ext#"
XSD = "http://www.w3.org/2001/XMLSchema#"

PREFIXES: dict[str, str] = {
    "adms": ADMS,
    "codes": f"{BASE}codes/",
    "cpsv": CPSV,
    "dcat": DCAT,
    "dct": DCT,
    "foaf": FOAF,
    "frapo": FRAPO,
    "id": f"{BASE}id/",
    "iesi": IESI,
    "m8g": M8G,
    "nuts": NUTS,
    "org": ORG,
    "owl": OWL,
    "prov": PROV,
    "qb": QB,
    "rdf": RDF,
    "rdfs": RDFS,
    "schema": SCHEMA,
    "sd": SD,
    "sh": SH,
    "skos": SKOS,
    "spdx": SPDX,
    "vann": VANN,
    "void": VOID,
    "xsd": XSD,
}
