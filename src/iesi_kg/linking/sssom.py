"""Mappings in the Simple Standard for Sharing Ontological Mappings: read, written, and as triples.

https://mapping-commons.github.io/sssom/
"""

from __future__ import annotations

from iesi_kg.linking.sssom_model import Mapping, MappingSet
from iesi_kg.linking.sssom_rdf import identity, of_triples, stated, triples
from iesi_kg.linking.sssom_reading import read
from iesi_kg.linking.sssom_writing import write

__all__ = ["Mapping", "MappingSet", "identity", "of_triples", "read", "stated", "triples", "write"]
