"""What Touchline ships: its tables and its alert rules, each read once a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sql
from sql.catalog import Catalogue, load_catalogue, tables_fingerprint
from sql.ledger import ledger_tables
from sql.rules import Rule, load_rules

SQL_FOLDER = Path(sql.__file__).parent


@cache
def shipped_catalogue() -> Catalogue:
    """The tables that Touchline ships; read once a process."""
    return load_catalogue(SQL_FOLDER, inputs=ledger_tables())


@cache
def shipped_fingerprint() -> str:
    """Hash of the files that the shipped tables are made of; read once a process, as the tables are."""
    return tables_fingerprint(SQL_FOLDER)


@cache
def shipped_rules() -> tuple[Rule, ...]:
    """The alert rules that Touchline ships; read once a process."""
    return load_rules(SQL_FOLDER, shipped_catalogue())
