"""Files read and judged as a night does, and nothing more: what is accepted, what is rejected and why, or the refusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import duckdb

from models.contracts import CONTRACTS
from models.errors import UnreadableFileError
from models.settings import Settings, Source
from pipelines.night.identity import create_key_macros, create_private_tables
from pipelines.night.ingest import FileResult, columns_of, create_staged_table, ingest_file, plan_entity
from pipelines.night.second_header import refuse_second_header
from sql.warehouse import Warehouse

Row = tuple[str | None, ...]
SETTINGS = Settings.model_validate({"privacy": {"keep_subjects": True}})


@dataclass(frozen=True)
class Judged:
    """What became of a file: `listed` are the accepted rows as texts, `broken` the rejected lines with their rules."""

    refused: str | None
    listed: tuple[Row, ...]
    broken: tuple[tuple[int, str | None, str], ...]
    result: FileResult | None

    @property
    def rows(self) -> Counter[Row]:
        """The accepted rows whatever their order."""
        return Counter(self.listed)

    def said(self) -> tuple[Any, ...]:
        """All of it that must be the same for the same bytes."""
        counts = (
            () if self.result is None else (self.result.rows_read, self.result.rows_valid, self.result.rows_ignored)
        )
        return self.refused, self.listed, self.broken, counts


class Judge:
    """One connection for thousands of files."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder
        self._seen = 0
        connection.execute("pragma disable_optimizer")  # planning is most of what a small file costs
        connection.execute("attach ':memory:' as private")
        create_private_tables(connection)
        create_key_macros(connection, b"a key for tests")

    def judge(self, source: Source, entity: str, name: str, content: bytes) -> Judged:
        """The file through reading and the contract. Anything but a refusal is an error of ours."""
        contract = CONTRACTS[entity]
        create_staged_table(self._connection, contract)
        self._seen += 1
        landed = self._folder / f"{self._seen:06}"
        landed.write_bytes(content)
        plan = plan_entity(SETTINGS, source, entity)
        scratch = self._folder / "scratch"
        try:
            result = ingest_file(self._connection, plan, landed, name, "1", 1, scratch)
            refuse_second_header(name, columns_of(source, entity), result.rejected)
        except UnreadableFileError as refusal:
            assert refusal.remedy
            return Judged(refusal.rule, (), (), None)
        finally:
            landed.unlink()
            rmtree(scratch, ignore_errors=True)
        broken = tuple(sorted({(row.line_number, row.field, row.rule) for row in result.rejected}, key=repr))
        return Judged(None, self._accepted(plan.staged), broken, result)

    def _accepted(self, staged: str) -> tuple[Row, ...]:
        """In the order of the file, without cells of columns that nothing names."""
        columns = "columns(* exclude (_load_number, _broken, _unmapped, _raw, _fields, _extra))::varchar"
        found = self._connection.execute(
            f"select {columns} from {staged} where _broken = 0 and _unmapped = 0 order by rowid"
        )
        return tuple(found.fetchall())


@contextmanager
def judge_in(folder: Path) -> Iterator[Judge]:
    """A judge that leaves nothing open."""
    with Warehouse(threads=1) as warehouse:
        yield Judge(warehouse.connection, folder)
