"""The alert rules: .sql/.yaml pairs below sql/alerts, each a SELECT that reads built tables and judges nights.

What belongs here: finding, reading and fingerprinting them. What a rule must keep is in `rule_checks`, what is made of
its rows in `alert_judgement`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from models.alerts import RuleSpec
from models.errors import CatalogueError, SettingsError
from models.strict_yaml import read_yaml
from sql import rule_checks
from sql.catalog import Catalogue
from sql.catalog_rules import explain
from sql.queries import Query, read_select

FOLDER = "alerts"


@dataclass(frozen=True)
class Rule:
    """A rule: its contract, and the SELECT that gives a row per night, subject and limit."""

    spec: RuleSpec
    query: Query
    path: Path

    @property
    def name(self) -> str:
        """`rep_overload`: the same in the YAML, the file names, settings and marts.alerts."""
        return self.spec.rule


def load_rules(root: Path, catalogue: Catalogue, cases: Path | None = None) -> tuple[Rule, ...]:
    """Finds, reads and checks every rule below `root` (the sql folder), by name; raises CatalogueError.

    `cases` is the folder of rule cases (tests/alerts); when given, every rule needs one.
    """
    rule_checks.check_pairs(root / FOLDER)
    rules = tuple(_read_rule(path) for path in sorted((root / FOLDER).glob("*.yaml")))
    known = catalogue.specs()
    for rule in rules:
        rule_checks.check_spec(rule.spec, rule.path.with_suffix(".yaml"))
        rule_checks.check_query(rule.query, rule.path, known)
    if cases is not None:
        rule_checks.check_cases([rule.name for rule in rules], cases)
    return rules


def rules_fingerprint(root: Path) -> str:
    """sha256 over the names and contents of all rules; tables do not depend on them, what a night has to do does."""
    digest = hashlib.sha256()
    for path in sorted((root / FOLDER).glob("*")):
        if path.suffix in (".sql", ".yaml"):
            content = path.read_bytes()
            digest.update(f"{path.name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _read_rule(path: Path) -> Rule:
    try:
        spec = RuleSpec.model_validate(read_yaml(path))
    except SettingsError as error:
        raise CatalogueError(error.what, error.remedy) from None
    except ValidationError as error:
        raise CatalogueError(
            f"{path} is wrong:\n{explain(error, RuleSpec)}",
            "Mend these keys; models/alerts.py says what each one holds.",
        ) from None
    return Rule(spec, read_select(path.with_suffix(".sql")), path.with_suffix(".sql"))
