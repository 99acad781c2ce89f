"""Which columns of a source's files may enter: what is not admitted reaches neither core nor private.duckdb.

The landed copy keeps the file as it came. A column that is not admitted is as if the file did not have it, so no mapping,
no extra cell and no quarantined row can hold it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import duckdb

from data_quality.quarantine import Rejected
from models.personal import HIDDEN_PHONE
from models.settings import Source
from pipelines.sources.header_match import squashed
from pipelines.sources.reading import TextRows
from sql.quoting import identifier


@dataclass(frozen=True)
class Admission:
    """`keep` are the columns that enter though nothing reads them, None for all; `drop` those that never do."""

    keep: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()

    @property
    def is_limited(self) -> bool:
        """Whether any column may have to stay outside."""
        return self.keep is not None or bool(self.drop)


EVERYTHING = Admission()


def admission_of(source: Source) -> Admission:
    """As the settings say."""
    return Admission(source.keep_columns, source.drop_columns)


def admit(rows: TextRows, admission: Admission, read: Iterable[str]) -> TextRows:
    """The rows with the admitted columns only; `read` are those that the mapping or the contract looks for."""
    if not admission.is_limited or not rows.columns:
        return rows
    wanted = None if admission.keep is None else [*read, *admission.keep]
    columns = tuple(
        column
        for column in rows.columns
        if (wanted is None or _is_one_of(column, wanted)) and not _is_one_of(column, admission.drop)
    )
    chosen = ", ".join(map(identifier, columns)) or "null::varchar as nothing_admitted"
    return replace(rows, columns=columns, relation=f"(select {chosen} from {rows.relation})")


def hide_torn_lines(rejected: tuple[Rejected, ...]) -> tuple[Rejected, ...]:
    """A line that could not be split holds cells of every column, so nothing of it is kept."""
    return tuple(
        row if row.field is not None else replace(row, found=HIDDEN_PHONE, raw=HIDDEN_PHONE) for row in rejected
    )


def forget_rows_as_they_came(connection: duckdb.DuckDBPyConnection, load_ids: Collection[str]) -> None:
    """Takes what earlier nights kept of these loads' rejected rows out of a full build; it writes them anew."""
    listed = [list(load_ids)]
    connection.execute("delete from private.quarantined_row where load_id in (select unnest(?))", listed)
    connection.execute(
        f"update quarantine.rejected set excerpt = '{HIDDEN_PHONE}' where field is null and load_id in (select unnest(?))",
        listed,
    )


def _is_one_of(column: str, names: Iterable[str]) -> bool:
    """By letters and digits, as headers are matched; a name of neither must be exactly that."""
    letters = squashed(column)
    return any(column == name or (letters and letters == squashed(name)) for name in names)
