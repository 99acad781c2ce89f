"""An explanation for people, and the same for programs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pipelines.commands.explained import Explanation, Listing, Sum
from pipelines.commands.pages import Page, count
from pipelines.commands.rows import csv_cell, json_value


def show_explanation(out: Page, found: Explanation) -> None:
    """The row with how each figure is made, then the records behind it and what they add up to."""
    out.head(f"{found.spec.table}: {', '.join(f'{name} = {_text(value)}' for name, value in found.key.items())}")
    out.line(found.spec.description)
    for name, metric in found.metrics.items():
        if name not in found.wanted:
            out.line(f"{name}: {_one_line(metric.formula)} NULL means: {metric.null_means}.")
    out.rows("Published", ("figure", "published", "unit", "how it is made"), _figures(found), number=str)
    if not found.listings:
        out.line("\nNo records are named behind this row: it follows from the figures above.")
    for listing in found.listings:
        _show_listing(out, listing)


def as_document(found: Explanation) -> dict[str, Any]:
    """The explanation as one JSON document."""
    return {
        "table": found.spec.table,
        "key": _plain(found.key),
        "row": _plain(found.row),
        "metrics": [metric.model_dump(mode="json") for metric in found.metrics.values()],
        "evidence": [_listing_document(listing) for listing in found.listings],
        "is_as_published": not found.differing,
    }


def _figures(found: Explanation) -> Iterator[tuple[Any, ...]]:
    columns = {column.name: column for column in found.spec.columns}
    for name in found.wanted:
        metric, column = found.metrics.get(name), columns[name]
        made = column.description
        if metric is not None:
            parts = [part for part in (metric.numerator, metric.denominator) if part]
            made = f"{metric.formula} ({' / '.join(parts)})" if parts else metric.formula
        value = found.row[name]
        shown = f"NULL: {metric.null_means}" if value is None and metric is not None else _text(value)
        yield name, shown, column.unit or (metric.unit if metric else ""), _one_line(made)


def _show_listing(out: Page, listing: Listing) -> None:
    out.head(f"\n{listing.evidence.name}: {count(listing.count)}")
    out.line(_one_line(listing.evidence.description))
    if listing.records:
        rows = [["" if value is None else _text(value) for value in record.values()] for record in listing.records]
        out.rows("", tuple(listing.records[0]), rows)
    if 0 < len(listing.records) < listing.count:
        out.line(f"(the first {len(listing.records)} of {count(listing.count)}; all: --limit {listing.count})")
    for one in listing.sums:
        out.line(_sum_line(one))


def _sum_line(one: Sum) -> str:
    if one.is_as_published:
        return f"{one.column} adds up to {_text(one.found)}: as published"
    return f"{one.column} adds up to {_text(one.found)}: NOT as published, {_text(one.published)}"


def _listing_document(listing: Listing) -> dict[str, Any]:
    return {
        "name": listing.evidence.name,
        "description": _one_line(listing.evidence.description),
        "records_found": listing.count,
        "records": [_plain(record) for record in listing.records],
        "adds_up_to": [
            {
                "column": one.column,
                "published": json_value(one.published),
                "found": json_value(one.found),
                "is_as_published": one.is_as_published,
            }
            for one in listing.sums
        ],
    }


def _plain(row: Any) -> dict[str, Any]:
    return {name: json_value(value) for name, value in row.items()}


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "NULL" if value is None else csv_cell(value, str)


def _one_line(text: str) -> str:
    return " ".join(text.split())
