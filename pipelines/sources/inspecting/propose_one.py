"""The rule by which one column would feed one field, seen by a sample of its cells; see `propose` for whole files."""

from __future__ import annotations

import duckdb

from models.settings import Company
from pipelines.sources.inspecting.matching import Match
from pipelines.sources.inspecting.propose import FieldProposals
from pipelines.sources.inspecting.rules import Rule
from pipelines.sources.inspecting.sample import TABLE, sample_column
from pipelines.sources.vocabulary import EntityWords
from sql.quoting import identifier

_NO_WORDS = EntityWords(frozenset(), {}, {}, (), (), ())


def propose_rule(
    connection: duckdb.DuckDBPyConnection, entity: str, field: str, column: str, cells: str, company: Company
) -> Rule:
    """The column's name, with a unit, format or value map where its values need one. `cells` is a SELECT of them;
    `company` has the time zone of their source."""
    connection.execute(
        f"create or replace temp table {TABLE} as select cell as {identifier(column)} from ({cells}) as sampled (cell)"
    )
    try:
        sampled = sample_column(connection, column)
        match = Match(entity, _NO_WORDS, {field: (sampled,)}, (), 0.0, True)
        proposals = FieldProposals(connection, match, (sampled,), company)
        proposals.propose("")
        return proposals.fields.get(field, column)
    finally:
        connection.execute(f"drop table {TABLE}")
