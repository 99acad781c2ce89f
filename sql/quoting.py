"""Texts and names as SQL writes them. The only place where a value may become part of a statement's text."""


def literal(text: str) -> str:
    """The text as an SQL string literal: `O'Hara` → `'O''Hara'`."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """The name as an SQL identifier: `Call ID` → `"Call ID"`."""
    return '"' + name.replace('"', '""') + '"'


def qualified(name: str) -> str:
    """A dotted name of ours, each part quoted by itself: `core.dim_rep` → `"core"."dim_rep"`."""
    return ".".join(identifier(part) for part in name.split("."))
