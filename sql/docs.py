"""`python -m sql.docs`: writes docs/data_dictionary.md from the catalogue; `--check` fails when it is not fresh.

Loading the catalogue with its test cases is the other half of the check: a model without a case is refused here.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from models.errors import CatalogueError
from sql.catalog import Catalogue, load_catalogue
from sql.dictionary import DictionaryRow, dictionary_rows
from sql.ledger import ledger_tables

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "data_dictionary.md"
_HEAD = """# Data dictionary

Every published table and column, from the YAML beside its SQL. Written by `make docs`; `make check` fails when it is
not fresh. The same texts stand as comments in the published file.
"""


def checked_catalogue() -> Catalogue:
    """The catalogue, every model with at least one test case; raises CatalogueError naming file and remedy."""
    return load_catalogue(ROOT / "sql", ROOT / "tests" / "tables", inputs=ledger_tables())


def dictionary_page(catalogue: Catalogue) -> str:
    """The page: a heading and a table of columns for each published table."""
    published = [spec for spec in catalogue.specs().values() if spec.schema_name != "staging"]
    rows = dictionary_rows(sorted(published, key=lambda spec: spec.table))
    sections = (_section(table, list(group)) for table, group in groupby(rows, key=lambda row: row.table))
    return "\n".join([_HEAD, *sections])


def _section(table: str, rows: list[DictionaryRow]) -> str:
    lines = [f"## {table}\n", rows[0].description, "", "| column | type | unit | what it holds |", "|---|---|---|---|"]
    for row in rows[1:]:
        text = f"{row.description} {row.metric}" if row.metric else row.description
        lines.append(f"| {row.column} | {row.type} | {row.unit or ''} | {text.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Writes the page, or with --check says whether it is fresh; 0 when all is well."""
    try:
        page = dictionary_page(checked_catalogue())
    except CatalogueError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if "--check" in arguments:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
            print(f"{PAGE.relative_to(ROOT)} is not fresh: run `make docs` and commit it", file=sys.stderr)
            return 1
        return 0
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
