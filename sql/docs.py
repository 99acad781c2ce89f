"""`python -m sql.docs`: writes the generated pages of docs/ and sql/lineage.json from the catalogue, the rules and the
settings; `--check` fails when one is not fresh.

Loading the catalogue and the alert rules with their test cases is the other half of the check: a model without a case
is refused here, and a rule whose SELECT does not bind.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from models.errors import CatalogueError
from sql.catalog import Catalogue, load_catalogue
from sql.dictionary import DictionaryRow, dictionary_rows
from sql.ledger import ledger_tables
from sql.metrics import DeclaredMetric, declared_metrics, explaining_command
from sql.origins import LINEAGE, origins_text
from sql.rule_checks import check_types
from sql.rules import Rule, load_rules
from sql.settings_page import settings_page
from sql.warehouse import connect

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
_DICTIONARY = """# Data dictionary

Every published table and column, from the YAML beside its SQL. Written by `make docs`; `make check` fails when it is
not fresh. The same texts stand as comments in the published file.
"""
_METRICS = """# Metrics

Every number that Touchline publishes by name, from the YAML beside the SQL that makes it. Written by `make docs`;
`make check` fails when it is not fresh. `touchline dictionary --metrics` shows the same in a terminal.

A rate stands in its table with its numerator and its denominator; NULL is "cannot say", never 0. To roll rates up, add
up their parts, then divide. Which records stand behind one published number, and that they add up to it, says
`touchline explain`: the command is beside each metric; put the values of one row in place of the dots.
"""


def checked_catalogue() -> Catalogue:
    """The catalogue, every model with at least one test case; raises CatalogueError naming file and remedy."""
    return load_catalogue(ROOT / "sql", ROOT / "tests" / "tables", inputs=ledger_tables())


def checked_rules(catalogue: Catalogue) -> tuple[Rule, ...]:
    """The alert rules, each with a case and bound against empty tables; raises CatalogueError naming file and remedy."""
    rules = load_rules(ROOT / "sql", catalogue, ROOT / "tests" / "alerts")
    with connect(threads=1) as connection:
        check_types(connection, catalogue, rules)
    return rules


def dictionary_page(catalogue: Catalogue) -> str:
    """The page: a heading and a table of columns for each published table."""
    published = [spec for spec in catalogue.specs().values() if spec.schema_name != "staging"]
    rows = dictionary_rows(sorted(published, key=lambda spec: spec.table))
    sections = (_section(table, list(group)) for table, group in groupby(rows, key=lambda row: row.table))
    return "\n".join([_DICTIONARY, *sections])


def metrics_page(catalogue: Catalogue) -> str:
    """The page: a heading for each subject, and below it one for each metric."""
    by_subject = groupby(declared_metrics(catalogue).values(), key=lambda one: one.subject)
    sections = (f"## {subject}\n\n" + "\n".join(map(_metric, metrics)) for subject, metrics in by_subject)
    return "\n".join([_METRICS, *sections])


def _section(table: str, rows: list[DictionaryRow]) -> str:
    lines = [f"## {table}\n", rows[0].description, "", "| column | type | unit | what it holds |", "|---|---|---|---|"]
    for row in rows[1:]:
        text = f"{row.description} {row.metric}" if row.metric else row.description
        lines.append(f"| {row.column} | {row.type} | {row.unit or ''} | {_cell(text)} |")
    return "\n".join(lines) + "\n"


def _metric(one: DeclaredMetric) -> str:
    metric = one.metric
    command = explaining_command(one)
    facts = {
        "table": f"`{one.spec.table}`, one row per {', '.join(one.spec.grain)}",
        "formula": metric.formula,
        "unit": metric.unit,
        "numerator": metric.numerator,
        "denominator": metric.denominator,
        "NULL means": metric.null_means,
        "explain one": f"`{command}`" if command else None,
    }
    lines = [f"| {name} | {_cell(text)} |" for name, text in facts.items() if text]
    return "\n".join([f"### {metric.name}\n", "| | |", "|---|---|", *lines]) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Writes the pages, or with --check says which are not fresh; 0 when all is well."""
    try:
        catalogue = checked_catalogue()
        files = {
            DOCS / "data_dictionary.md": dictionary_page(catalogue),
            DOCS / "metrics.md": metrics_page(catalogue),
            DOCS / "settings.md": settings_page(checked_rules(catalogue)),
            LINEAGE: origins_text(catalogue),
        }
    except CatalogueError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if "--check" in arguments:
        stale = [file for file, text in files.items() if not _is_fresh(file, text)]
        for file in stale:
            print(f"{file.relative_to(ROOT)} is not fresh: run `make docs` and commit it", file=sys.stderr)
        return 1 if stale else 0
    DOCS.mkdir(exist_ok=True)
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")
    return 0


def _is_fresh(page: Path, text: str) -> bool:
    return page.exists() and page.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
