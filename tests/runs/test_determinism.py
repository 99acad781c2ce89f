"""The same rows give the same tables, whatever the threads, the order, the machine's clock zone, language and hash seed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cheap_nights import ALL_MARTS, CHEAP
from tests.reliability import record

pytestmark = pytest.mark.slow

PLACES = [
    (1, "a", {"TZ": "UTC", "LANG": "C", "PYTHONHASHSEED": "0"}),
    (8, "b", {"TZ": "Pacific/Kiritimati", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "4"}),
    (2, "c", {"TZ": "America/St_Johns", "LANG": "C.UTF-8", "LC_ALL": "POSIX", "PYTHONHASHSEED": "random"}),
    (1, "d", {"TZ": "Asia/Kolkata", "LANG": "de_DE.UTF-8", "PYTHONHASHSEED": "77"}),
    (8, "e", {"TZ": "Europe/Istanbul", "LANG": "C", "PYTHONHASHSEED": "1"}),
    (2, "f", {"TZ": "Australia/Lord_Howe", "LANG": "ja_JP.UTF-8", "PYTHONHASHSEED": "2"}),
]


def hashes_in(home, python, threads, shuffle, environment):
    """What one_company.py publishes there."""
    command = [python, "-m", "tests.runs.one_company", str(home), str(threads), shuffle]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def differing(places, folder, subjects):
    """The tables that differ between the places."""
    found = [
        hashes_in(folder / shuffle, sys.executable, threads, shuffle, subjects | environment)
        for threads, shuffle, environment in places
    ]
    assert found[0]
    return sorted(table for table in found[0] if len({hashes.get(table) for hashes in found}) > 1)


def test_threads_order_zone_language_and_hash_seed_change_no_table(tmp_path):
    assert differing(PLACES[:2], tmp_path, CHEAP) == []


def test_nor_do_they_change_any_mart(tmp_path):
    assert differing(PLACES, tmp_path, ALL_MARTS) == []
    record("same inputs give the same tables", f"{len(PLACES)} combinations of threads, order, TZ, LANG and hash seed")


@pytest.fixture
def older_engine(tmp_path):
    """A folder with DuckDB 1.5 alone, to be found before the installed one; skipped where no index is reached."""
    folder = tmp_path / "older"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), "duckdb>=1.5,<1.6"]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("DuckDB 1.5 cannot be installed here")
    return {"PYTHONPATH": f"{folder}{os.pathsep}{Path.cwd()}"}


OPENED = """
import duckdb, json, sys
from sql.hashing import logical_hashes
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    connection.execute("set TimeZone = 'UTC'")
    print(json.dumps([duckdb.__version__, logical_hashes(connection)]))
"""


def test_an_older_engine_makes_the_same_tables_and_opens_those_of_the_newer(tmp_path, older_engine):
    threads, shuffle, environment = PLACES[0]
    newer, older = (
        hashes_in(tmp_path / name, sys.executable, threads, shuffle, ALL_MARTS | environment | engine)
        for name, engine in (("newer", {}), ("older_home", older_engine))
    )
    assert sorted(table for table in newer if newer[table] != older.get(table)) == []
    opened = {}
    for name, engine in (("newer", {}), ("older", older_engine)):
        file = tmp_path / "newer" / "var/published/crm.duckdb"
        command = [sys.executable, "-c", OPENED, str(file)]
        done = subprocess.run(command, env=os.environ | engine, capture_output=True, text=True, check=True)
        opened[name] = json.loads(done.stdout.splitlines()[-1])
    assert opened["older"][0].startswith("1.5.") and not opened["newer"][0].startswith("1.5.")
    assert opened["older"][1] == opened["newer"][1]
    record("DuckDB 1.5 and 2 make and open the same tables", f"{len(newer)} tables of every mart")
