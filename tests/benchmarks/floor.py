"""The floor: one DuckDB script that reads the same file (CSV as text, or Parquet), casts, drops duplicates by id, aggregates per rep and
day, and writes the file. No validation, no accounting, no history: what any pipeline on this machine must at least do.

Usage: python floor.py ACTIVITIES.csv OUT.duckdb
"""

import sys

import duckdb

COLUMNS = (
    "source_record_id", "channel", "occurred_at", "rep_id", "direction",
    "status", "disposition", "duration_seconds", "contact_id", "updated_at",
)  # fmt: skip


def main(source: str, target: str) -> None:
    """Reads, casts, deduplicates, aggregates, writes."""
    connection = duckdb.connect(target)
    connection.execute("set threads = 2")
    connection.execute("set TimeZone = 'UTC'")
    columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS) + "}"
    options = f"""header = true, delim = ',', quote = '"', escape = '"', columns = {columns}"""
    read = f"read_csv('{source}', auto_detect = false, {options})"
    if source.endswith(".parquet"):
        read = f"read_parquet('{source}')"
    connection.execute(
        f"""
        create table activity as
        with cast_rows as (
            select source_record_id, channel, occurred_at::timestamptz as occurred_at, rep_id, direction, status,
                disposition, duration_seconds::bigint as duration_seconds, contact_id, updated_at::timestamptz as updated_at
            from {read}
        )
        select * from cast_rows
        qualify row_number() over (partition by source_record_id order by updated_at desc) = 1
        """
    )
    connection.execute(
        """
        create table rep_day as
        select rep_id, timezone('America/New_York', occurred_at)::date as activity_date,
            count(*) filter (where channel = 'call') as calls, count(*) filter (where channel = 'email') as emails,
            count(*) filter (where channel = 'meeting') as meetings, sum(duration_seconds) as seconds,
            count(distinct contact_id) as contacts
        from activity where status = 'completed' group by all
        """
    )
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
