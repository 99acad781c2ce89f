"""The programs of docs/connect.md run as they stand there, against what a night and an export of the demo wrote."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import main
from tests.runs.conftest import made_once

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "connect.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def make_export(folder, home):
    with pytest.raises(SystemExit) as exit:
        main(["export", "sales_kpi", "--to", str(folder / "files"), "--home", str(home)])
    assert exit.value.code == 0


@pytest.fixture(scope="module")
def places(storied_demo, tmp_path_factory):
    """Where the page's paths are in this test."""
    files = made_once(tmp_path_factory, "demo_export", lambda folder: make_export(folder, storied_demo.home)) / "files"
    return {"/srv/sales": str(storied_demo.home), "/srv/share/touchline": str(files)}


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_each_program_runs_as_it_stands_there(places, program):
    for written, here in places.items():
        program = program.replace(written, here)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_connection_keeps_its_night_and_the_next_one_reads_the_new(tmp_path):
    """What the page says of the link, in one process and with the file names that readers use."""
    import duckdb

    for generation in (1, 2):
        (tmp_path / f"generations/{generation}").mkdir(parents=True)
        with duckdb.connect(str(tmp_path / f"generations/{generation}/crm.duckdb")) as made:
            made.execute(f"create table publication as select {generation} as generation")
    published = tmp_path / "published"
    published.symlink_to("generations/1")
    old = duckdb.connect(str(published / "crm.duckdb"), read_only=True)
    (tmp_path / "aside").symlink_to("generations/2")
    (tmp_path / "aside").replace(published)
    with duckdb.connect(str(published / "crm.duckdb"), read_only=True) as new:
        assert new.execute("from publication").fetchall() == [(2,)]
    assert old.execute("from publication").fetchall() == [(1,)]
    old.close()
