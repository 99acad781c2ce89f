"""A row that stands twice in a table of the ledger stops publication, in a night that adds to it and in a full one."""

from datetime import UTC, datetime

import duckdb
import pytest

from data_quality.reconcile import reconcile_all
from models.contracts import CONTRACTS
from models.errors import BlockedError
from pipelines.night.operator import Target, give_order
from sql.ledger import ledger_tables
from sql.warehouse import Warehouse
from tests.runs.conftest import Office

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01", "updated_at": "2026-01-01",
       "role": "AE"}  # fmt: skip
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}
GROWING = (
    "ops.load",
    "ops.load_accounting",
    "ops.conflict",
    "ops.restatement",
    "ops.source_column",
    "ops.source_cursor",
    "ops.operator_order",
    "ops.alert_transition",
    "ops.alert_evaluation",
    "marts.alerts",
    "quarantine.rejected",
)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """A published file with rows in every table of the ledger."""
    office = Office(tmp_path_factory.mktemp("ledger") / "workspace")
    office.environment |= {"TOUCHLINE__ALERTS__ENABLED": "true"}
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL, {**CALL, "source_record_id": "A2", "channel": "fax"}])
    office.night()
    office.deliver("activities_2.csv", [{**CALL, "status": "cancelled"}])
    found = office.query("select source, entity, file_sha256, file_name from ops.load where entity = 'activities'")
    target = Target(*found[0], (3,))
    said = {"words": "--all", "reason": "a test", "given_by": "ada", "given_at": datetime(2026, 3, 3, tzinfo=UTC)}
    give_order(office.workspace.operator_store, "discard", [target], **said)
    office.night()
    published = office.workspace.published.resolve() / "crm.duckdb"
    published.chmod(0o644)
    with duckdb.connect(str(published)) as adding:  # as if an API source had been asked
        adding.execute("insert into ops.source_cursor values ('crm', 'calls', now(), now(), 1, 1)")
    return office


def test_a_role_counts_however_it_is_written(ledger):
    """Its first night had a touch by this role, and the sums of touches that are asked of every night held."""
    assert ledger.query("select role, is_counted from core.dim_rep") == [("AE", True)]


def test_every_table_of_the_ledger_is_asked_or_replaced_whole(ledger):
    asked = ledger.query("select table_name from ops.check_result where check_name = 'grain_is_unique' and passed")
    replaced = {"ops.check_result", "ops.run_step", "ops.source", "ops.publication"}
    assert {spec.table for spec in ledger_tables()} - replaced == set(GROWING) <= {table for (table,) in asked}


@pytest.mark.parametrize("table", GROWING)
def test_a_row_that_stands_twice_breaks_only_the_grain_of_its_table(ledger, tmp_path, table):
    case = tmp_path / "crm.duckdb"
    case.write_bytes((ledger.workspace.published / "crm.duckdb").read_bytes())
    with Warehouse(crm=case) as warehouse:
        warehouse.connection.execute(f"insert into {table} select * from {table} limit 1")
        broken = {(check.table, check.check_name) for check in reconcile_all(warehouse.connection) if not check.passed}
    assert broken == {(table, "grain_is_unique")}


@pytest.mark.parametrize("full_refresh", [False, True])
def test_it_stops_a_night_and_a_full_build(office, full_refresh):
    office.deliver("reps.csv", [REP])
    office.night()
    case = office.workspace.published.resolve() / "crm.duckdb"
    case.chmod(0o644)
    with duckdb.connect(str(case)) as tampering:
        tampering.execute("insert into ops.load_accounting select * from ops.load_accounting limit 1")
    office.deliver("activities.csv", [CALL])
    with pytest.raises(BlockedError, match=r"ops\.load_accounting: grain_is_unique"):
        office.night(full_refresh=full_refresh)
    assert office.query("select generation from ops.publication") == [(1,)]


@pytest.mark.parametrize("tonight", [False, True])
def test_a_second_version_of_a_record_and_a_lost_touch_are_found(ledger, tmp_path, tonight):
    case = tmp_path / "crm.duckdb"
    case.write_bytes((ledger.workspace.published / "crm.duckdb").read_bytes())
    with Warehouse(crm=case) as warehouse:
        connection = warehouse.connection
        for entity in CONTRACTS:
            connection.execute(f"create or replace table staging.changed_{entity} (record_key varchar)")
        connection.execute("create or replace table staging.dirty_day as select date '2026-03-02' as activity_date")
        connection.execute("update core.latest_activities set status = 'completed'")
        connection.execute("create or replace table staging.dirty_activity as select * from core.fct_activity")
        connection.execute("insert into core.latest_activities select * from core.latest_activities limit 1")
        connection.execute(
            "create or replace table staging.changed_activity as"
            " select activity_id, true as is_current from core.latest_activities"
        )
        checks = reconcile_all(connection, tonight=tonight)
    broken = {(check.table, check.check_name) for check in checks if not check.passed}
    assert broken == {
        ("core.latest_activities", "one_version_a_key"),
        ("marts.rep_activity_daily", "touches_of_core_are_those_of_the_marts"),
    }
