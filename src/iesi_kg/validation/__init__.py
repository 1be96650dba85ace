"""Statements to a report in words, by SHACL."""
