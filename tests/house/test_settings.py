"""Settings: one table, read from the environment, complaining by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from iesi_kg import settings
from iesi_kg.errors import UsageError


def test_defaults_hold_without_an_environment() -> None:
    assert settings.load({}) == settings.Settings()


def test_environment_is_cast_to_the_declared_type() -> None:
    found = settings.load(
        {"IESI_KG_PORT": "9000", "IESI_KG_STORE": "/tmp/x", "IESI_KG_QUERY_SECONDS": "2.5", "HOME": "/"}
    )
    assert (found.port, found.store, found.query_seconds) == (9000, Path("/tmp/x"), 2.5)


def test_a_given_value_beats_the_environment_and_none_does_not() -> None:
    environ = {"IESI_KG_PORT": "9000", "IESI_KG_HOST": "::1"}
    found = settings.load(environ, port=9001, host=None)
    assert (found.port, found.host) == (9001, "::1")


def test_a_value_of_the_wrong_type_names_the_variable_and_the_default() -> None:
    with pytest.raises(UsageError, match="IESI_KG_PORT='many' is not a whole number") as caught:
        settings.load({"IESI_KG_PORT": "many"})
    assert caught.value.hint == "default: 8080"


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="unknown setting IESI_KG_PROT"):
        settings.load({"IESI_KG_PROT": "9000"})
