"""Every text of a finding exists in five languages with the same places for facts; every key that is said exists."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from iesi_kg import settings
from iesi_kg.errors import UsageError
from iesi_kg.vocabulary import told, uses
from iesi_kg.vocabulary.told import LANGUAGES, Told, in_language, say

SOURCE = Path(__file__).resolve().parents[2] / "src" / "iesi_kg"


def said_keys() -> Iterator[str]:
    """The keys that Python says, written out; those with a variant put in are patterns."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "say":
                for leaf in ast.walk(node.args[0]) if node.args else ():
                    if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str) and "." in leaf.value:
                        yield leaf.value


@pytest.mark.parametrize("key", sorted(told.texts()))
def test_a_text_is_whole_in_every_language(key: str) -> None:
    texts = told.texts()[key]
    assert set(texts) == set(LANGUAGES)
    places = {frozenset(re.findall(r"\{(\w+)\}", text)) for text in texts.values()}
    assert len(places) == 1
    assert all(text.strip() == text and text for text in texts.values())


def test_every_key_that_is_said_has_a_text() -> None:
    keys = set(said_keys())
    assert len(keys) > 60
    missing = [key for key in keys if not any(known.startswith(key) or known.endswith(key) for known in told.texts())]
    assert missing == []


def test_every_rule_of_the_shapes_speaks_every_language() -> None:
    rules = uses.rules()
    assert len(rules) > 150
    assert [rule.code for rule in rules if set(rule.messages) != set(LANGUAGES)] == []


def test_facts_are_said_in_the_language_too() -> None:
    message = say("delimiter", name=say("word.semicolon"))
    assert message == "The columns are separated by the semicolon; the file was read that way."
    assert "point-virgule" in in_language(message, "fr")


def test_braces_in_a_fact_stay_what_they_are() -> None:
    assert in_language(say("unknown-code", text="{text} {0}", list="L"), "de").startswith("„{text} {0}“")


def test_a_copy_knows_its_languages_too() -> None:
    message = say("delimiter", name=say("word.tab"))
    for same in (copy.deepcopy(message), pickle.loads(pickle.dumps(message))):
        assert (same, in_language(same, "it")) == (message, in_language(message, "it"))


def test_a_plain_text_is_english() -> None:
    assert in_language("plain", "fr") == "plain"
    assert told.spoken("plain", "fr") == "en"
    assert told.spoken(Told({"en": "a", "fr": "b"}), "de") == "en"


@pytest.mark.parametrize(
    ("chosen", "environ", "expected"),
    [
        ("it", {"LANG": "fr_FR.UTF-8"}, "it"),
        (None, {"IESI_KG_LANGUAGE": "es", "LANG": "fr_FR.UTF-8"}, "es"),
        (None, {"LANG": "fr_FR.UTF-8"}, "fr"),
        (None, {"LC_ALL": "de_AT", "LANG": "fr_FR.UTF-8"}, "de"),
        (None, {"LANG": "pt_PT.UTF-8"}, "en"),
        (None, {"LANG": "C"}, "en"),
        (None, {}, "en"),
    ],
)
def test_the_language_is_chosen_set_or_of_the_system(
    chosen: str | None, environ: dict[str, str], expected: str
) -> None:
    assert settings.language(chosen, LANGUAGES, environ) == expected


def test_a_language_that_is_not_there_is_said() -> None:
    with pytest.raises(UsageError, match="no texts in the language 'pt'"):
        settings.language("pt", LANGUAGES, {})
