"""`inspect_file`: what a file is, a source to paste, and what a night would make of its first rows. Writes nothing."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from models.contracts import CONTRACTS
from models.errors import UnreadableFileError
from models.fields import BLANKS
from models.settings import Settings, Source
from pipelines.sources.header_match import as_field_name
from pipelines.sources.inspecting.columns import ColumnGuess, decimal_mark, guess_column
from pipelines.sources.inspecting.headers import assign_fields, guess_entity
from pipelines.sources.inspecting.proposing import Proposal, source_text
from pipelines.sources.inspecting.sniffing import Dialect, sniff
from pipelines.sources.inspecting.trial import Rejection, Trial, try_source
from pipelines.sources.mapping_sql import canonical_sql
from pipelines.sources.reading import TextRows, read_rows, reconcile

SAMPLE_ROWS = 5_000


@dataclass(frozen=True)
class Inspection:
    """What was found. `source_yaml` pastes under `sources:`; it is blank when no entity could be guessed.

    `rejected_rows` and `reasons` (field and rule → rows) are of the sampled rows.
    """

    file: str
    format: str
    encoding: str
    delimiter: str | None
    decimal: str
    rows: int
    sampled_rows: int
    columns: tuple[ColumnGuess, ...]
    entity: str | None
    source_yaml: str
    mapped_rows: tuple[dict[str, str | None], ...]
    rejected_rows: int
    rejections: tuple[Rejection, ...]
    reasons: dict[str, int]
    notes: tuple[str, ...]


def inspect_file(path: Path, settings: Settings) -> Inspection:
    """The inspection; raises UnreadableFileError when no reader can make rows of the file."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("set TimeZone='UTC'")
        dialect = sniff(path, Path(folder))
        rows = _load_sample(connection, path, dialect, Path(folder))
        values = _values(connection, rows)
        month_first = settings.company.timezone.startswith("America/") and decimal_mark(values) == "."
        columns = [guess_column(connection, name, cells, month_first) for name, cells in values.items()]
        return _describe(connection, path, settings, dialect, rows, columns, values)


def _load_sample(connection: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect, scratch: Path) -> TextRows:
    """The first rows as the temp table `sample`."""
    for force_slow in (False, True):
        rows = read_rows(connection, path, dialect.read_options(), path.name, scratch, force_slow=force_slow)
        try:
            (count,) = connection.execute(f"select count(*) from {rows.relation}").fetchone() or (0,)
            connection.execute(
                f"create or replace temp table sample as select * from {rows.relation} limit {SAMPLE_ROWS}"
            )
        except duckdb.Error:
            continue
        if reconcile(rows, count):
            return rows
    raise UnreadableFileError("not_reconciled", f"{path}: its records cannot be told apart", "Export it again.")


def _values(connection: duckdb.DuckDBPyConnection, rows: TextRows) -> dict[str, list[str]]:
    found = connection.execute("select * from sample").fetchall()
    return {name: [row[place] or "" for row in found] for place, name in enumerate(rows.columns)}


def _describe(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    settings: Settings,
    dialect: Dialect,
    rows: TextRows,
    columns: list[ColumnGuess],
    values: dict[str, list[str]],
) -> Inspection:
    decimal = decimal_mark(values)
    entity, source, notes = _propose(path, settings, dialect, columns, values, decimal)
    trial = Trial((), (), len(rows.rejects), {})
    if source is not None and entity is not None:
        zone = source.timezone or settings.company.timezone
        mapping = source.mapping() if source.kind == "mapped" else None
        trial = try_source(connection, entity, mapping, rows, "sample", (zone, settings.company.timezone))
    named = _named(entity, source, columns)
    return Inspection(
        file=path.name,
        format=dialect.format.value,
        encoding=str(dialect.options.get("encoding", "utf-8")),
        delimiter=dialect.options.get("delimiter", {"csv": ",", "tsv": "\t"}.get(dialect.format.value)),
        decimal=decimal,
        rows=rows.rows,
        sampled_rows=min(rows.rows, SAMPLE_ROWS),
        columns=tuple(replace(column, field=named.get(column.name)) for column in columns),
        entity=entity,
        source_yaml="" if source is None else source_text(_as_written(source), notes),
        mapped_rows=trial.mapped_rows,
        rejected_rows=trial.rejected_rows,
        rejections=trial.rejections,
        reasons=trial.reasons,
        notes=notes,
    )


def _propose(
    path: Path,
    settings: Settings,
    dialect: Dialect,
    columns: list[ColumnGuess],
    values: dict[str, list[str]],
    decimal: str,
) -> tuple[str | None, Source | None, tuple[str, ...]]:
    stem = path.name.split(".")[0]
    read = dialect.options | ({"decimal": decimal} if decimal != "." else {})
    written: dict[str, Any] = {"name": _source_name(stem), "kind": "canonical"}
    if (entity := _canonical_entity(stem, columns)) is not None:
        written |= {"path": f"inbox/{written['name']}", "timezone": settings.company.timezone} | _if_any("read", read)
        return entity, Source.model_validate(written), dialect.notes
    entity = guess_entity(stem, columns)
    if entity is None:
        note = "no entity fits these headers: write the mapping by hand (contract.md, section 5 lists the fields)"
        return None, None, (*dialect.notes, note)
    distinct = {
        name: list(dict.fromkeys(text for cell in cells if (text := cell.strip(BLANKS))))
        for name, cells in values.items()
    }
    proposal = Proposal(entity, assign_fields(entity, columns), distinct, stem)
    endings = "".join(path.suffixes[-2:] if path.suffix in (".gz", ".zst") else path.suffixes[-1:])
    written |= {"kind": "mapped", "path": f"inbox/{written['name']}/*{endings}", "entity": entity}
    written |= {"timezone": settings.company.timezone} | _if_any("read", read) | {"fields": proposal.rules}
    return entity, Source.model_validate(written), (*dialect.notes, *proposal.notes)


def _canonical_entity(stem: str, columns: list[ColumnGuess]) -> str | None:
    """The entity whose file family the file already belongs to, by its name and its header."""
    names = [column.name for column in columns]
    for entity in sorted(CONTRACTS, key=len, reverse=True):
        if not stem.casefold().startswith(entity):
            continue
        try:
            unnamed = canonical_sql(CONTRACTS[entity], names).unnamed
        except UnreadableFileError:
            continue
        return entity if len(unnamed) * 2 < len(names) else None
    return None


def _source_name(stem: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", stem.casefold()).strip("_")
    name = re.sub(r"^[0-9_]+|[0-9_]+$", "", name)[:40]
    return name if re.fullmatch("[a-z][a-z0-9_]*", name) and name != "unknown" else "new_source"


def _if_any(key: str, value: dict[str, Any]) -> dict[str, Any]:
    return {key: value} if value else {}


def _as_written(source: Source) -> dict[str, Any]:
    """The source with only what was said, fields in their shortest form."""
    written = source.model_dump(mode="json", exclude_defaults=True)
    fields = {name: _short(rule) for name, rule in written.pop("fields", {}).items()}
    return written | _if_any("fields", fields)


def _short(rule: dict[str, Any]) -> Any:
    if isinstance(rule.get("format"), list):
        rule["format"] = rule["format"][0]
    return rule["column"] if set(rule) == {"column"} else rule


def _named(entity: str | None, source: Source | None, columns: list[ColumnGuess]) -> dict[str, str]:
    if entity is None or source is None:
        return {}
    if source.kind == "mapped":
        return {rule.column: field for field, rule in reversed(source.fields.items()) if rule.column is not None}
    names = [column.name for column in columns]
    unnamed = canonical_sql(CONTRACTS[entity], names).unnamed
    return {name: as_field_name(name) for name in names if name not in unnamed}
