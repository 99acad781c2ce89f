"""Writes a dbt project for DuckDB: the same activities as four tables (staged, deduplicated, by rep and day, by rep type
and day) with five tests, as somebody who knows dbt would begin.

Usage: python dbt_project.py FOLDER ACTIVITIES.csv REPS.csv
"""

import sys
from pathlib import Path

MODELS = {
    "stg_activity": """
        {{ config(materialized='table') }}
        select source_record_id, channel, occurred_at::timestamptz as occurred_at, rep_id, direction, status, disposition,
            duration_seconds::bigint as duration_seconds, contact_id, updated_at::timestamptz as updated_at
        from read_csv('ACTIVITIES', header = true, all_varchar = true, nullstr = '')
    """,
    "activity": """
        {{ config(materialized='table') }}
        select * from {{ ref('stg_activity') }}
        qualify row_number() over (partition by source_record_id order by updated_at desc) = 1
    """,
    "rep_day": """
        {{ config(materialized='table') }}
        select rep_id, timezone('America/New_York', occurred_at)::date as activity_date,
            count(*) filter (where channel = 'call') as calls, count(*) filter (where channel = 'email') as emails,
            count(*) filter (where channel = 'meeting') as meetings, sum(duration_seconds) as seconds,
            count(distinct contact_id) as contacts
        from {{ ref('activity') }} where status = 'completed' group by all
    """,
    "rep_type_day": """
        {{ config(materialized='table') }}
        select r.rep_type, d.activity_date, sum(d.calls) as calls, sum(d.emails) as emails, sum(d.meetings) as meetings
        from {{ ref('rep_day') }} as d
        join read_csv('REPS', header = true, all_varchar = true) as r using (rep_id)
        group by all
    """,
}
TESTS = """
version: 2
models:
  - name: activity
    columns:
      - name: source_record_id
        tests: [unique, not_null]
      - name: channel
        tests:
          - accepted_values: {values: [call, email, meeting, social, sms]}
  - name: rep_day
    columns:
      - {name: rep_id, tests: [not_null]}
      - {name: activity_date, tests: [not_null]}
"""
PROJECT = (
    "name: peer\nversion: '1.0'\nprofile: peer\nmodel-paths: [models]\nflags: {send_anonymous_usage_stats: false}\n"
)
PROFILE = "peer:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: peer.duckdb, threads: 2}\n"


def main(folder: Path, activities: str, reps: str) -> None:
    """Writes the project."""
    (folder / "models").mkdir(parents=True, exist_ok=True)
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "profiles.yml").write_text(PROFILE)
    (folder / "models" / "schema.yml").write_text(TESTS)
    for name, sql in MODELS.items():
        text = sql.replace("ACTIVITIES", activities).replace("REPS", reps)
        (folder / "models" / f"{name}.sql").write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
