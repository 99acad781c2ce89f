"""What ten times as many rows cost: a first load of Parquet files that DuckDB writes in seconds, so that 100 million are
no matter of the generator. Not part of `make bench`.

Usage: python large.py --rows 10000000 100000000

The rows are those of run.py in kind: ten columns, one row in fifty repeated, 500 reps, 500 days; but in the order of
time, as CRMs export them. Every subject and the alert rules, without Great Expectations; whole processes, one run each.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
from pathlib import Path

import duckdb
from measuring import machine, timed
from run import ALL_SUBJECTS, CHANNELS, DAYS, HERE, fresh_workspace, write_reps

ASKED = {
    "TOUCHLINE__QUALITY__EXPECTATIONS": "false",
    "TOUCHLINE__METRICS__SUBJECTS": ALL_SUBJECTS,
    "TOUCHLINE__ALERTS__ENABLED": "true",
}


def write_in_order_of_time(path: Path, rows: int) -> None:
    """Parquet, or CSV by the name; deterministic: every value follows from the row's number by a hash."""
    options = "format csv, header" if path.suffix == ".csv" else "format parquet, compression zstd"
    with duckdb.connect() as connection:
        connection.execute(f"set timezone = 'UTC'; set memory_limit = '3GB'; set temp_directory = '{path.parent}'")
        connection.execute(
            f"""
            copy (
                select 'A' || lpad(number::varchar, 9, '0') as source_record_id, channel,
                    strftime(moment, '%Y-%m-%dT%H:%M:%SZ') as occurred_at,
                    'R' || lpad((hash(number, 2) % 500)::varchar, 4, '0') as rep_id,
                    case when hash(number, 3) % 5 = 0 then 'inbound' else 'outbound' end as direction,
                    'completed' as status,
                    case when channel = 'call' and hash(number, 4) % 10 < 4 then 'connected' end as disposition,
                    case when channel in ('call', 'meeting') then hash(number, 5) % 900 end as duration_seconds,
                    'C' || lpad((hash(number, 6) % {rows // 10 + 1})::varchar, 8, '0') as contact_id,
                    strftime(moment, '%Y-%m-%dT%H:%M:%SZ') as updated_at
                from (
                    select number, {list(CHANNELS)}[1 + (hash(number, 0) % {len(CHANNELS)})::integer] as channel,
                        timestamp '2025-01-01 13:00:00' + to_days((number * {DAYS} // {rows})::integer)
                        + to_seconds((hash(number, 1) % 32400)::integer) as moment
                    from (select case when row % 50 = 49 then row - 1 else row end as number from range({rows}) as r (row))
                )
            ) to '{path}' ({options})
            """
        )


def measure(folder: Path, rows: int) -> dict[str, tuple[float, float, float]]:
    """Wall, CPU and peak of the floor and of a first load."""
    folder.mkdir()
    source, reps = folder / "activities.parquet", folder / "reps.csv"
    write_in_order_of_time(source, rows)
    write_reps(reps)
    floor = timed([sys.executable, str(HERE / "floor.py"), str(source), str(folder / "floor.duckdb")], dict(os.environ))
    (folder / "floor.duckdb").unlink()
    home = fresh_workspace(source, reps, folder)
    night = timed([sys.executable, str(HERE / "night.py"), str(home)], {**os.environ, **ASKED})
    return {"floor": floor, "first load": night}


def main() -> None:
    """Prints wall, CPU and peak of each size, and CPU microseconds a row."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    options.add_argument("--folder", type=Path, help="where there is room: 100 million take 40 GB")
    chosen = options.parse_args()
    print(machine())
    print(f"{'rows':>12} {'what':12}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}{'cpu us a row':>14}{'/ floor':>9}")
    for rows in chosen.rows:
        with tempfile.TemporaryDirectory(dir=chosen.folder) as place:
            measured = measure(Path(place) / "large", rows)
        for what, (wall, cpu, peak) in measured.items():
            ratio = wall / measured["floor"][0]
            print(
                f"{rows:12,} {what:12}{wall:9.1f}{cpu:9.1f}{peak:9.0f}{cpu / rows * 1e6:14.2f}{ratio:9.2f}", flush=True
            )


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
