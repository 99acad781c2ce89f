"""One workspace among several in one Dagster: its assets and pools under the name that its settings give it.

Dagster knows an asset and a pool by name alone, whichever code location they are from. Two workspaces under the same
names would show each other's rows as theirs, and wait for each other's nights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from models.settings import Schedule
from pipelines.assets.table_specs import NightAssets

_LINEAGE = "dagster/column_lineage"


def pool_of(base: str, schedule: Schedule) -> str:
    """The pool of a workspace: runs that hold it wait for each other, and say by it whose they are."""
    return f"{base}/{schedule.location}" if schedule.location else base


def put_in_location(assets: NightAssets, schedule: Schedule) -> NightAssets:
    """The same assets, checks and lineage, each key beneath `schedule.location` when there is one."""
    if not schedule.location:
        return assets
    prefix = (schedule.location,)
    checks = tuple(check._replace(asset_key=_within(prefix, check.asset_key)) for check in assets.check_specs)
    moved = dict(zip((check.key for check in assets.check_specs), (check.key for check in checks), strict=True))
    return NightAssets(
        specs=tuple(_moved(prefix, spec) for spec in assets.specs),
        check_specs=checks,
        severities={moved[key]: severity for key, severity in assets.severities.items()},
        tables=assets.tables,
        views=assets.views,
        prefix=prefix,
    )


def _moved(prefix: tuple[str, ...], spec: dg.AssetSpec) -> dg.AssetSpec:
    return spec.replace_attributes(
        key=_within(prefix, spec.key),
        deps=[_within(prefix, dep.asset_key) for dep in spec.deps],
        metadata=_with_lineage(prefix, spec.metadata),
    )


def _with_lineage(prefix: tuple[str, ...], metadata: Mapping[str, Any]) -> dict[str, Any]:
    lineage = metadata.get(_LINEAGE)
    if lineage is None:
        return dict(metadata)
    moved = {
        column: [dg.TableColumnDep(_within(prefix, dep.asset_key), dep.column_name) for dep in deps]
        for column, deps in lineage.deps_by_column.items()
    }
    return {**metadata, _LINEAGE: dg.TableColumnLineage(moved)}


def _within(prefix: tuple[str, ...], key: dg.AssetKey) -> dg.AssetKey:
    return dg.AssetKey([*prefix, *key.path])
