"""Names and keys turned into IRIs: the only place where one is minted (design.md section 6, IRIs)."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote

from pyoxigraph import NamedNode, Triple

from iesi_kg.vocabulary.namespaces import BASE, IESI, PREFIXES

_LATIN = "ł=l ø=o ß=ss æ=ae œ=oe đ=d ð=d þ=th ħ=h ı=i"
_GREEK = "α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t υ=y φ=f χ=ch ψ=ps ω=o"
_CYRILLIC = (
    "а=a б=b в=v г=g д=d е=e ж=zh з=z и=i к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=h ц=ts ч=ch ш=sh щ=sht ъ=a "
    "ы=y ь= э=e ю=yu я=ya і=i є=ie ґ=g ђ=dj ј=j љ=lj њ=nj ћ=c џ=dz ѕ=dz"
)
_TABLE = str.maketrans(dict(pair.split("=") for pair in f"{_LATIN} {_GREEK} {_CYRILLIC}".split()) | {"&": " and "})
_HOST = re.compile(r"https?://(?:[^/?#@]*@)?(?:www\.)?([^/?#:\[\]]+)", re.IGNORECASE)
_LONGEST = 80
_KEPT = "-._~/"
_TERM = re.compile(r"/ontology/(?:([a-z][a-z0-9-]*):)?([A-Za-z][\w-]*)")
_LOCAL = re.compile(r"[A-Za-z][\w-]*")


def slug(text: str) -> str:
    """A lower-case ASCII name for an IRI; a digest where nothing of the text can be written in ASCII.

    >>> slug("Łódź: Straße & Ørsted")
    'lodz-strasse-and-orsted'
    >>> slug("Βοήθεια στο Σπίτι"), slug("Помощ")
    ('voitheia-sto-spiti', 'pomosht')
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    ascii_text = bare.translate(_TABLE).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")
    if not name:
        return _digest(text)
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST].rstrip('-')}-{_digest(text)[:6]}"


def _digest(text: str, length: int = 12) -> str:
    return sha256(text.encode("utf-8")).hexdigest()[:length]


def _thing(kind: str, name: str) -> NamedNode:
    return NamedNode(f"{BASE}id/{kind}/{name}")


def initiative(name: str) -> NamedNode:
    """The IRI of an initiative: its identifier as it is, any other text as a slug."""
    return _thing("initiative", slug(name))


def organisation(name: str, country: str = "") -> NamedNode:
    """The IRI of an organisation by its name and, where known, the code of its country.

    >>> organisation("Ajuntament de Barcelona", "ES").value
    'https://w3id.org/iesi-kg/id/organisation/ajuntament-de-barcelona-es'
    """
    return _thing("organisation", "-".join(filter(None, (slug(name), country.strip().lower()))))


def document(url: str) -> NamedNode:
    """The IRI of a document by its web address: readable host, digest of the whole address."""
    address = url.strip()
    host = _HOST.match(address)
    return _thing("document", f"{slug(host[1])}-{_digest(address)}" if host else _digest(address))


def agent(name: str) -> NamedNode:
    """The IRI of a person or body who coded or submitted."""
    return _thing("agent", slug(name))


def fragment(subject: NamedNode, name: str) -> NamedNode:
    """A node that belongs to a record: ``fragment(x, "lead")`` is ``<x#lead>``."""
    return NamedNode(f"{subject.value}#{name}")


def judgement(*names: str) -> NamedNode:
    """The IRI of a judgement by what it is about, who made it and when; never given to another one.

    >>> judgement("welfare", "IE", "Minas et al.", "2014").value
    'https://w3id.org/iesi-kg/id/judgement/welfare-ie-minas-et-al-2014'
    """
    return _thing("judgement", slug(" ".join(names)))


def statement(triple: Triple) -> NamedNode:
    """The IRI of a fact with a source of its own: the digest of its N-Triples, the same wherever it is stated.

    >>> from pyoxigraph import Literal
    >>> statement(Triple(initiative("x"), NamedNode("https://schema.org/startDate"), Literal("2013"))).value[-16:]
    'db15df120b6f8f96'
    """
    return _thing("statement", _digest(str(triple), 16))


def mapping(*names: str) -> NamedNode:
    """The IRI of a mapping of two things: the digest of what it says, who said it and when."""
    return _thing("mapping", _digest("\n".join(names), 16))


def annotation(*names: str) -> NamedNode:
    """The IRI of a remark on the quality of some records: the digest of what it is about."""
    return _thing("annotation", _digest("\n".join(names), 16))


def mapping_set(name: str) -> NamedNode:
    """The IRI of a set of mappings by the name of its file."""
    return NamedNode(f"{BASE}mappings/{name}")


def moving(act: str, thing: NamedNode, at: str) -> NamedNode:
    """The activity by which one thing was merged into another, or taken out of it again."""
    return _thing(act, f"{at[:10]}-{_digest(f'{thing.value} {at}')}")


def submission(day: date, digest: str) -> NamedNode:
    """The activity of one hand-in, by its day and the SHA-256 of its file."""
    return _thing("submission", f"{day.isoformat()}-{digest[:12]}")


def graph(*names: str) -> NamedNode:
    """The IRI of a named graph.

    >>> graph("codes", "country").value
    'https://w3id.org/iesi-kg/graph/codes/country'
    """
    return NamedNode(f"{BASE}graph/{'/'.join(names)}")


def is_workspace(name: str) -> bool:
    """Whether a graph is nobody's publication: it has an IRI that is not ours, or one of ours set apart for such work.

    >>> is_workspace("https://example.org/g"), is_workspace(graph("codes").value), is_workspace("")
    (True, False, False)
    """
    return bool(name) and (not name.startswith(BASE) or name.startswith(graph("workspace", "").value))


def loads() -> NamedNode:
    """The graph that tells which files were loaded into which graphs."""
    return graph("loads")


def load(target: str, digest: str) -> NamedNode:
    """The loading of one file, by its SHA-256, into one graph; the empty name is the default graph."""
    return _thing("load", _digest(f"{target} {digest}", 16))


def submission_graph(activity: NamedNode) -> NamedNode:
    """The graph that holds what a submission stated: the last step of its IRI under ``graph/submission``."""
    return graph("submission", activity.value.rsplit("/", 1)[1])


def is_submission_graph(name: NamedNode) -> bool:
    """Whether a graph holds what a submission stated."""
    return name.value.startswith(graph("submission", "").value)


def peer(database: str) -> NamedNode:
    """Another database as a whole.

    >>> peer("jrc-ips").value
    'https://w3id.org/iesi-kg/id/peer/jrc-ips'
    """
    return _thing("peer", quote(database, safe=_KEPT))


def peer_record(prefix: str, key: str) -> NamedNode:
    """The IRI of a record of another database, by its own key there.

    >>> peer_record("pstw", "PSTW-684").value, peer_record("x", "a b").value[-5:]
    ('https://w3id.org/iesi-kg/id/peer/pstw/PSTW-684', 'a%20b')
    """
    return _thing("peer", f"{quote(prefix, safe=_KEPT)}/{quote(key, safe=_KEPT)}")


def is_peer(thing: NamedNode) -> bool:
    """Whether an IRI names another database or a record of it."""
    return thing.value.startswith(_thing("peer", "").value)


@lru_cache(maxsize=4096)
def peer_field(database: str, column: str) -> NamedNode:
    """The property under which the text of a column of another database is kept as it came.

    >>> peer_field("jrc-ips", "secondary_sector").value
    'https://w3id.org/iesi-kg/id/peer/jrc-ips#secondary_sector'
    """
    return fragment(peer(database), quote(column, safe="-._~"))


def peer_graph(database: str, version: str) -> NamedNode:
    """The graph that holds one version of another database.

    >>> peer_graph("jrc-ips", "2022").value
    'https://w3id.org/iesi-kg/graph/peer/jrc-ips/2022'
    """
    return graph("peer", quote(database, safe="-._~"), quote(version, safe="-._~"))


def is_peer_graph(name: str) -> bool:
    """Whether a graph holds another database, which is not ours to publish.

    >>> is_peer_graph(peer_graph("dsi4eu", "2017").value), is_peer_graph(graph("codes").value)
    (True, False)
    """
    return name.startswith(graph("peer", "").value)


def hand_in(item: str) -> NamedNode:
    """The IRI of what was handed in to be decided on, by its id on the desk."""
    return _thing("hand-in", item)


def decision(item: str, step: int) -> NamedNode:
    """The IRI of a decision: the item of the desk it is on, and the step of that item it is.

    >>> decision("0123456789abcdef", 2).value
    'https://w3id.org/iesi-kg/id/decision/0123456789abcdef-2'
    """
    return _thing("decision", f"{item}-{step}")


def dataset() -> NamedNode:
    """Everything published, as one data set."""
    return _thing("dataset", "iesi-kg")


def linkset(*names: str) -> NamedNode:
    """The links of one graph between two databases by one relation, as a part of what is published."""
    return fragment(dataset(), f"linkset-{_digest(chr(10).join(names))}")


def release(name: str) -> NamedNode:
    """The IRI of a release of the data set.

    >>> release("2026.1").value
    'https://w3id.org/iesi-kg/releases/2026.1'
    """
    return NamedNode(f"{BASE}releases/{name}")


def erased(thing: NamedNode) -> NamedNode:
    """What stands for a thing that was erased: a digest, since the IRI itself may hold a name."""
    return _thing("erased", _digest(thing.value, 24))


def is_about_another(node: object) -> bool:
    """Whether an IRI names a judgement, or a statement about a statement: it has no meaning without its subject."""
    return isinstance(node, NamedNode) and node.value.startswith((f"{BASE}id/judgement/", f"{BASE}id/statement/"))


def skolem(run: str, label: str) -> NamedNode:
    """The IRI that stands for a blank node of another server in one answer (RDF 1.1 Concepts section 3.5).

    >>> skolem("5f1c", "b0").value
    'https://w3id.org/iesi-kg/.well-known/genid/5f1c/b0'
    """
    return NamedNode(f"{BASE}.well-known/genid/{run}/{label}")


def scheme(name: str) -> NamedNode:
    """The IRI of a code list."""
    return NamedNode(f"{BASE}codes/{name}")


def concept(scheme_name: str, notation: str) -> NamedNode:
    """The IRI of one code of a code list."""
    return NamedNode(f"{BASE}codes/{scheme_name}/{notation}")


def local_path(iri: NamedNode | str, base: str = BASE) -> str | None:
    """The path under which a server answers for one of our IRIs; None for the IRIs of others.

    >>> local_path("https://w3id.org/iesi-kg/id/initiative/x#lead")
    '/id/initiative/x#lead'
    """
    value = iri if isinstance(iri, str) else iri.value
    return f"/{value[len(base) :]}" if value.startswith(base) else None


def from_path(path: str, base: str = BASE) -> NamedNode:
    """The IRI which a path of a server stands for: the inverse of ``local_path``."""
    return NamedNode(base + path.lstrip("/"))


def term_path(iri: str) -> str | None:
    """The path under which a server describes a class or property: ours by its name, a reused one by prefix and name.

    >>> term_path("https://w3id.org/iesi-kg/ontology#ictRole"), term_path("http://purl.org/dc/terms/title")
    ('/ontology/ictRole', '/ontology/dct:title')
    """
    if iri.startswith(IESI):
        return f"/ontology/{iri.removeprefix(IESI)}"
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace) and _LOCAL.fullmatch(iri[len(namespace) :]) and not namespace.startswith(BASE):
            return f"/ontology/{prefix}:{iri[len(namespace) :]}"
    return None


def described_at(path: str) -> NamedNode:
    """The IRI which a server describes at a path: the inverse of ``term_path``, else of ``local_path``.

    >>> described_at("/ontology/ictRole").value, described_at("/ontology/0.2.0").value
    ('https://w3id.org/iesi-kg/ontology#ictRole', 'https://w3id.org/iesi-kg/ontology/0.2.0')
    """
    if not (found := _TERM.fullmatch(path)):
        return from_path(path)
    namespace = PREFIXES.get(found[1], "") if found[1] else IESI
    return NamedNode(namespace + found[2]) if namespace and term_path(namespace + found[2]) == path else from_path(path)
