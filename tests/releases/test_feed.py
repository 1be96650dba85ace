"""Atom feeds are well-formed whatever stands in a reason or a row."""

from __future__ import annotations

from xml.etree import ElementTree

from iesi_kg.publication.feed import Entry, atom


def test_text_that_xml_cannot_hold() -> None:
    """XML 1.0 section 2.2: no control characters but tab and line ends, no surrogates, not U+FFFE, not U+FFFF."""
    odd = "a\x00b\x1fc\ud800d\udfffe\ufffef\uffffg\th\ni<&>\x7f\U0001f600"
    entry = Entry("urn:one", odd, "2026-11-22T00:00:00Z", "/releases/2026.1", odd)
    feed = ElementTree.fromstring(atom("releases", odd, [entry], "https://example.org"))
    kept = "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg\th\ni<&>\x7f\U0001f600"
    space = "{http://www.w3.org/2005/Atom}"
    assert [node.text for node in feed.iter(f"{space}title")] == [kept, kept]
    assert [node.text for node in feed.iter(f"{space}content")] == [kept]
