"""A night's outcome as Dagster records it: materializations after the publication, and the result of every check."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

import dagster as dg

from models.tables import Severity
from pipelines.assets.table_specs import ALERTS, EXPECTATIONS, PUBLICATION, REPORT, NightAssets
from pipelines.night.outcome import LoadSummary, NightOutcome
from pipelines.night.report_step import FOLDER
from pipelines.night.workspace import Workspace

RUN_STEP = "ops.run_step"
Results = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckEvaluation]


def published_results(
    outcome: NightOutcome, context: dg.AssetExecutionContext, assets: NightAssets, workspace: Workspace
) -> Results:
    """What was published; nothing at all when nothing was new, so that no table claims to be fresher than it is.

    Tables go to the log as materializations, selected ones too and those rebuilt because they stand on these. As
    results of the step each would cost three events and a look for what its parents were made of: seconds a night.
    Checks are evaluations for the same reason: as results of the step each is an output too.
    """
    if outcome.status != "published":
        context.log.info(f"Nothing was published: {outcome.status}")
        return
    failed = _failed_checks(outcome)
    yield from _landed(outcome, context, assets)
    for spec in assets.specs:
        table = assets.name_of(spec.key)
        if table == REPORT:
            context.log_event(dg.AssetMaterialization(spec.key, metadata=_report(outcome, workspace)))
        if table not in outcome.tables and table not in assets.views:
            continue
        rows = {"dagster/row_count": outcome.tables[table]} if table in outcome.tables else {}
        metadata = {**rows, **_of_the_night(table, outcome, workspace)}
        context.log_event(dg.AssetMaterialization(spec.key, metadata=metadata))
    yield from _check_results(context, assets, failed, assets.views | outcome.tables.keys())
    yield from _expectation_results(context, assets, outcome)
    yield from _alert_results(context, assets, outcome)


def blocked_results(outcome: NightOutcome, context: dg.AssetExecutionContext, assets: NightAssets) -> Results:
    """The checks that failed; no table is reported, since readers still see the last good night."""
    failed = _failed_checks(outcome)
    yield from _check_results(context, assets, failed, {table for table, _ in failed}, only_failed=True)
    yield from _expectation_results(context, assets, outcome, only_failed=True)


def _of_the_night(table: str, outcome: NightOutcome, workspace: Workspace) -> dict[str, Any]:
    """What two assets say of the night itself: the publication of all of it, and its steps of their seconds."""
    if table == PUBLICATION:
        return _publication(outcome, workspace)
    return {f"{step}_seconds": seconds for step, seconds in outcome.steps.items()} if table == RUN_STEP else {}


def _report(outcome: NightOutcome, workspace: Workspace) -> dict[str, Any]:
    """Where the pages are, and how many and how large they became; Dagster plots the numbers over the nights."""
    folder = workspace.generations / f"{outcome.generation:06d}" / FOLDER
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {
        "open": dg.MetadataValue.path(str(workspace.published / FOLDER / "index.html")),
        "pages": sum(file.suffix == ".html" for file in files),
        "mb": round(sum(file.stat().st_size for file in files) / 1e6, 2),
        "seconds": round(sum(outcome.steps.get(step, 0.0) for step in ("pages", "report")), 3),
    }


def _publication(outcome: NightOutcome, workspace: Workspace) -> dict[str, Any]:
    """Of the whole night; Dagster plots each number over the nights."""
    folder = workspace.generations / f"{outcome.generation:06d}"
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {
        "generation": outcome.generation,
        "as_of": outcome.as_of.isoformat(),
        "seconds": outcome.seconds,
        **_rows(_tonight(outcome)),
        "failed_checks": len(outcome.failed_checks),
        "disk_mb": round(size / 1e6, 2),
    }


def _landed(outcome: NightOutcome, context: dg.AssetExecutionContext, assets: NightAssets) -> Results:
    """Of each selected source that delivered something new tonight: its loads and rows."""
    by_source: dict[str, list[LoadSummary]] = {}
    for load in _tonight(outcome):
        by_source.setdefault(load.source, []).append(load)
    for source, loads in sorted(by_source.items()):
        key = assets.key_of(f"landing.{source}")
        if key in context.selected_asset_keys:
            metadata = {"loads": len({load.load_id for load in loads}), **_rows(loads)}
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)


def _tonight(outcome: NightOutcome) -> list[LoadSummary]:
    """Files that were read for the first time: not those that stand refused in the inbox, not known bytes."""
    this_generation = f"{outcome.generation:06d}-"
    read = ("accepted", "refused")
    return [load for load in outcome.loads if load.load_id.startswith(this_generation) and load.status in read]


def _rows(loads: list[LoadSummary]) -> dict[str, int]:
    parts = ("rows_read", "rows_accepted", "rows_quarantined")
    return {part: sum(getattr(load, part) for load in loads) for part in parts}


def _failed_checks(outcome: NightOutcome) -> dict[tuple[str, str], dict[str, Any]]:
    return {(check["table_name"], check["check_name"]): check for check in outcome.failed_checks}


def _check_results(
    context: dg.AssetExecutionContext,
    assets: NightAssets,
    failed: dict[tuple[str, str], dict[str, Any]],
    built: Set[str],
    only_failed: bool = False,
) -> Iterator[dg.AssetCheckEvaluation]:
    """One result for each selected check of a table that was built."""
    for key in sorted(context.selected_asset_check_keys):
        table = assets.name_of(key.asset_key)
        if key.name == EXPECTATIONS or table == ALERTS:
            continue
        found = failed.get((table, key.name))
        if table not in built or (only_failed and found is None):
            continue
        yield dg.AssetCheckEvaluation(
            passed=found is None,
            asset_key=key.asset_key,
            check_name=key.name,
            severity=assets.severities[key],
            metadata={name: str(found[name]) for name in ("failing_rows", "sample") if found and name in found},
        )


def _alert_results(
    context: dg.AssetExecutionContext, assets: NightAssets, outcome: NightOutcome
) -> Iterator[dg.AssetCheckEvaluation]:
    """One result for each selected rule that was judged tonight, or refused for its rows."""
    for key in sorted(context.selected_asset_check_keys):
        said = outcome.alerts.get(key.name) if assets.name_of(key.asset_key) == ALERTS else None
        if said is None or said["status"] not in ("judged", "refused"):
            continue
        yield dg.AssetCheckEvaluation(
            passed=said["status"] == "judged" and not said["standing"],
            asset_key=key.asset_key,
            check_name=key.name,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={name: value for name, value in said.items() if value is not None},
        )


def _expectation_results(
    context: dg.AssetExecutionContext, assets: NightAssets, outcome: NightOutcome, only_failed: bool = False
) -> Iterator[dg.AssetCheckEvaluation]:
    """One result for each selected table that was judged, however many its expectations: every event costs time."""
    failed = [check for check in outcome.failed_checks if check["kind"] == "expectation"]
    for key in sorted(context.selected_asset_check_keys):
        table = assets.name_of(key.asset_key)
        asked = outcome.expectations.get(table, {}) if key.name == EXPECTATIONS else {}
        severities = {check["severity"] for check in failed if check["table_name"] == table}
        if not asked or (only_failed and not severities):
            continue
        blocks = Severity.BLOCK in severities
        yield dg.AssetCheckEvaluation(
            passed=not severities,
            asset_key=key.asset_key,
            check_name=key.name,
            severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
            metadata=asked,
        )
