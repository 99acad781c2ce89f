"""Tables that do not read each other are made at the same time, and never one before what it reads."""

import threading

import duckdb
import pytest

from sql.side_by_side import side_by_side


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        opened.execute("attach ':memory:' as crm; use crm")
        yield opened


def create(lane, table):
    lane.execute(f"create table {table} as select 1 as one")
    return table.upper()


def test_every_table_comes_after_all_it_reads(connection):
    before = {"total": {"left", "right"}, "left": {"base"}, "right": {"base"}, "base": set()}
    made = [name for name, _ in side_by_side(connection, before, lambda lane, name: lane.execute("select 1"))]
    assert (made[0], made[3], set(made[1:3])) == ("base", "total", {"left", "right"})


def test_lanes_write_into_the_database_the_connection_stands_in(connection):
    assert dict(side_by_side(connection, {"a": set(), "b": {"a"}}, create)) == {"a": "A", "b": "B"}
    found = connection.execute("select database_name, table_name from duckdb_tables() order by all").fetchall()
    assert found == [("crm", "a"), ("crm", "b")]


def test_two_that_do_not_read_each_other_run_at_the_same_time(connection):
    both_are_there = threading.Barrier(2, timeout=30)
    met = side_by_side(connection, {"a": set(), "b": set()}, lambda lane, name: both_are_there.wait() in (0, 1))
    assert dict(met) == {"a": True, "b": True}


def test_in_one_lane_they_come_one_after_the_other(connection):
    lanes = dict(side_by_side(connection, {"a": set(), "b": set(), "c": set()}, lambda lane, name: id(lane), lanes=1))
    assert len(lanes) == 3 and len(set(lanes.values())) == 1


def test_what_comes_after_a_table_waits_until_its_result_was_taken(connection):
    stopped = set()

    def make(lane, name):
        return name not in stopped

    seen = {}
    for name, was_made in side_by_side(connection, {"a": set(), "b": {"a"}}, make):
        seen[name] = was_made
        stopped.add("b")
    assert seen == {"a": True, "b": False}


def test_an_error_is_raised_and_what_runs_beside_it_is_interrupted(connection):
    begun = threading.Event()

    def make(lane, name):
        if name == "wrong":
            assert begun.wait(30)
            raise ValueError(name)
        begun.set()
        lane.execute("select count(*) from range(1000000000000) where hash(range) = 7")

    with pytest.raises(ValueError, match="wrong"):
        list(side_by_side(connection, {"endless": set(), "wrong": set()}, make))


def test_an_error_ends_the_work_though_many_wait_for_a_lane(connection):
    def make(lane, name):
        if name == "wrong":
            raise ValueError(name)

    def all_of_them():
        with pytest.raises(ValueError, match="wrong"):
            list(side_by_side(connection, {"wrong": set()} | {f"later_{number}": set() for number in range(50)}, make))

    worker = threading.Thread(target=all_of_them, daemon=True)
    worker.start()
    worker.join(30)
    assert not worker.is_alive()
