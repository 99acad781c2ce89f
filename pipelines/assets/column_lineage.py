"""Column lineage in Dagster's words: a table's columns, and what sources deliver as columns of what landed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import dagster as dg

from sql.origins import LANDING


def as_dagster(columns: Mapping[str, Mapping[str, list[str]]], landed: Iterable[dg.AssetKey]) -> dg.TableColumnLineage:
    """One table's origins; a contract's field is `<entity>.<field>` of whatever each source landed."""
    keys = tuple(landed)
    return dg.TableColumnLineage({column: list(_deps(origins, keys)) for column, origins in columns.items()})


def _deps(origins: Mapping[str, list[str]], landed: tuple[dg.AssetKey, ...]) -> Iterator[dg.TableColumnDep]:
    for table, columns in origins.items():
        is_delivered = table.startswith(LANDING)
        entity = table.removeprefix(LANDING)
        for key in landed if is_delivered else (dg.AssetKey(table.split(".")),):
            for column in columns:
                yield dg.TableColumnDep(key, f"{entity}.{column}" if is_delivered else column)
