"""What must add up: file ↔ accounting ↔ core ↔ marts. A broken identity stops publication.

A full build is asked whole. Another night wrote the keys of staging.changed_* and the days of staging.dirty_day: only
they can newly be wrong, and reading all activities every night would cost more than the night.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.contracts import CONTRACTS
from models.tables import Severity
from sql.checks import CheckResult, run_checks
from sql.ledger import ledger_tables
from sql.records import record_key_column

if TYPE_CHECKING:
    import duckdb

_WRITTEN_LATER = ("ops.check_result", "ops.run_step", "ops.source", "ops.publication")
"""Tables that are replaced whole after the checks; the others of the ledger grow from night to night."""


@dataclass(frozen=True)
class Identity:
    """A SELECT that returns the rows for which a sum does not add up."""

    name: str
    table: str
    sql: str


ACCOUNTING = Identity(
    "rows_read_is_the_sum_of_its_parts",
    "ops.load_accounting",
    """
    select load_id, entity, rows_read from ops.load_accounting
    where rows_read <> rows_accepted + rows_duplicate + rows_superseded + rows_quarantined + rows_ignored + rows_erased
        or least(rows_accepted, rows_duplicate, rows_superseded, rows_quarantined, rows_ignored, rows_erased) < 0
    """,
)
QUARANTINE = Identity(
    "every_quarantined_row_has_a_reason",
    "quarantine.rejected",
    """
    select load_id, rows_quarantined, count(distinct line_number) as explained
    from ops.load_accounting left join (select * from quarantine.rejected where replayed_at is null) using (load_id)
    group by load_id, rows_quarantined having rows_quarantined <> count(distinct line_number)
    """,
)
EVERY_LOAD = Identity(
    "every_accepted_load_is_accounted_for",
    "ops.load",
    """
    select load_id from ops.load where status = 'accepted'
        and load_id not in (select load_id from ops.load_accounting)
    """,
)


def _touches_of_core_and_marts(tonight: bool) -> Identity:
    days = "activity_date in (select w.activity_date from staging.dirty_day as w)" if tonight else "true"
    return Identity(
        "touches_of_core_are_those_of_the_marts",
        "marts.rep_activity_daily",
        f"""
        with core_touches as (
            select count(*) as touches
            from {"staging.dirty_activity" if tonight else "core.fct_activity"} as activity cross join core.parameter as parameter
            left join core.dim_rep as rep
                on rep.rep_id = activity.rep_id
                and rep.valid_from <= activity.activity_date and activity.activity_date < rep.valid_to
            where activity.is_touch and activity.occurred_at <= parameter.as_of
                and (rep.role is null or list_has_any(parameter.counts_as_rep, [rep.role, lower(rep.role)])) and {days}
        ),
        mart_touches as (select coalesce(sum(touches), 0) as touches from marts.rep_activity_daily where {days})
        select core_touches.touches as core, mart_touches.touches as mart
        from core_touches cross join mart_touches where core_touches.touches <> mart_touches.touches
        """,
    )


def _one_version_a_key(entity: str, key: str, tonight: bool) -> Identity:
    if tonight and entity == "activities":  # looked up already
        text = "select activity_id from staging.changed_activity where is_current group by 1 having count(*) > 1"
        return Identity("one_version_a_key", "core.latest_activities", text)
    some = (
        f"{key} in (select record_key from staging.changed_{entity})"
        if tonight
        else f"hash({key}) in (select hash({key}) from core.latest_{entity} group by 1 having count(*) > 1)"
    )
    return Identity(
        "one_version_a_key",
        f"core.latest_{entity}",
        f"select {key} from core.latest_{entity} where {some} group by 1 having count(*) > 1",
    )


def identities(tonight: bool = False) -> list[Identity]:
    """Everything that must add up, in the order it is asked; of core, `tonight` only what the night wrote."""
    keys = [_one_version_a_key(entity, record_key_column(contract), tonight) for entity, contract in CONTRACTS.items()]
    return [ACCOUNTING, QUARANTINE, EVERY_LOAD, *keys, _touches_of_core_and_marts(tonight)]


def reconcile_all(connection: duckdb.DuckDBPyConnection, tonight: bool = False) -> list[CheckResult]:
    """Asks every identity, and the rules of the ledger's own tables; with `tonight` of core only what the night wrote.

    A check that cannot run raises.
    """
    rules = [
        check for spec in ledger_tables() if spec.table not in _WRITTEN_LATER for check in run_checks(connection, spec)
    ]
    return [*rules, *(_ask(connection, identity) for identity in identities(tonight))]


def _ask(connection: duckdb.DuckDBPyConnection, identity: Identity) -> CheckResult:
    begun = time.perf_counter()
    found = connection.execute(identity.sql).fetchmany(1000)
    return CheckResult(
        table=identity.table,
        check_name=identity.name,
        kind="reconcile",
        severity=Severity.BLOCK,
        passed=not found,
        failing_rows=len(found),
        sample="; ".join(str(row) for row in found[:5]),
        seconds=time.perf_counter() - begun,
    )
