"""One hash of everything but the rows that decides what is published; when it changes, everything is rebuilt."""

from __future__ import annotations

import hashlib
import hmac
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path

import duckdb

from models.contracts import CONTRACTS
from models.settings import Settings
from pipelines.night.identity import KEY_FORMS
from sql.rules import rules_fingerprint

_MOVE_NO_NUMBER: dict[str, bool | set[str]] = {
    "alerts": True,
    "engine": True,
    "privacy": {"min_group", "keep_landed_days", "keep_quarantine_days"},
    "quality": True,
    "report": True,
    "schedule": True,
    "storage": True,
}


@cache
def version_of(package: str) -> str:
    """The version of an installed package; read once a process, for it is parsed out of all the package says of itself."""
    return version(package)


def time_zone_rules() -> str:
    """Which time zone rules convert local times: DuckDB's ICU brings its own."""
    return f"icu of duckdb {duckdb.__version__}"


def fingerprint_of(settings: Settings, tables: str, mappings: str, key: bytes) -> str:
    """Hash of settings, contracts, holidays, time zone rules, the secret key, and of the hashes of `tables` (SQL and
    reference rows) and of the CRMs' `mappings`.

    Ids and contact keys of another secret key match none of tonight's, so a new key rebuilds everything too.
    What only says how fast, when or where from a night runs (engine, schedule, paths), and who is told what of its
    tables (alerts), is left out: it moves no number.
    """
    decisive = settings.model_dump(mode="json", exclude=_MOVE_NO_NUMBER)
    for source in decisive["sources"]:
        source.pop("path")
        source.pop("fresh_within_hours")
        source.pop("api")
    contracts = {entity: repr(contract.kinds()) + repr(contract.ROW_RULES) for entity, contract in CONTRACTS.items()}
    parts = [json.dumps(decisive, sort_keys=True), json.dumps(contracts), tables, mappings]
    parts += [time_zone_rules(), version_of("holidays"), *KEY_FORMS]
    return hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


def alerts_fingerprint_of(settings: Settings, sql_folder: Path) -> str:
    """Hash of what decides, beside the tables, which alerts stand and what the report shows: the rules, and what settings
    say of them, of the report and of groups in it."""
    decisive = settings.alerts.model_dump(mode="json", include={"enabled", "rules", "silences"})
    decisive |= {"report": settings.report.model_dump(mode="json"), "min_group": settings.privacy.min_group}
    text = json.dumps(decisive, sort_keys=True) + rules_fingerprint(sql_folder)
    return hashlib.sha256(text.encode()).hexdigest()
