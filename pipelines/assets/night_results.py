"""A night's outcome as Dagster records it: materializations after the publication, and the result of every check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from pipelines.assets.table_specs import PUBLICATION, NightTables, key_of, name_of
from pipelines.night.outcome import NightOutcome

Results = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


def published_results(outcome: NightOutcome, context: dg.AssetExecutionContext, tables: NightTables) -> Results:
    """What was published; nothing at all when nothing was new, so that no table claims to be fresher than it is.

    Tables that were rebuilt because they stand on selected ones, but were not selected, go to the log as they are.
    """
    if outcome.status != "published":
        context.log.info(f"Nothing was published: {outcome.status}")
        return
    failed = _failed_checks(outcome)
    for table, rows in outcome.tables.items():
        key = key_of(table)
        if key in context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": rows})
        elif table in tables.names:
            context.log_event(dg.AssetMaterialization(key, metadata={"dagster/row_count": rows}))
    if key_of(PUBLICATION) in context.selected_asset_keys:
        yield dg.MaterializeResult(asset_key=key_of(PUBLICATION), metadata=_publication(outcome))
    yield from _check_results(context, tables, failed, set(outcome.tables))


def blocked_results(outcome: NightOutcome, context: dg.AssetExecutionContext, tables: NightTables) -> Results:
    """The checks that failed; no table is reported, since readers still see the last good night."""
    failed = _failed_checks(outcome)
    yield from _check_results(context, tables, failed, {table for table, _ in failed}, only_failed=True)


def _publication(outcome: NightOutcome) -> dict[str, Any]:
    return {
        "generation": outcome.generation,
        "as_of": outcome.as_of.isoformat(),
        "seconds": outcome.seconds,
        "dagster/row_count": 1,
    }


def _failed_checks(outcome: NightOutcome) -> dict[tuple[str, str], dict[str, Any]]:
    return {(check["table_name"], check["check_name"]): check for check in outcome.failed_checks}


def _check_results(
    context: dg.AssetExecutionContext,
    tables: NightTables,
    failed: dict[tuple[str, str], dict[str, Any]],
    built: set[str],
    only_failed: bool = False,
) -> Iterator[dg.AssetCheckResult]:
    """One result for each selected check of a table that was built."""
    for key in sorted(context.selected_asset_check_keys):
        table = name_of(key.asset_key)
        found = failed.get((table, key.name))
        if table not in built or (only_failed and found is None):
            continue
        yield dg.AssetCheckResult(
            passed=found is None,
            asset_key=key.asset_key,
            check_name=key.name,
            severity=tables.severities[key],
            metadata={name: str(found[name]) for name in ("failing_rows", "sample") if found and name in found},
        )
