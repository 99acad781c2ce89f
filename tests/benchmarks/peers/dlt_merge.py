"""dlt merges the rows of a CSV into DuckDB by their id.

Usage: python dlt_merge.py FOLDER ACTIVITIES.csv
"""

import csv
import os
import sys
from pathlib import Path

os.environ.update(RUNTIME__DLTHUB_TELEMETRY="false", DLT_DATA_DIR=str(Path(sys.argv[1]) / "dlt"))

import dlt


@dlt.resource(name="activity", write_disposition="merge", primary_key="source_record_id")
def activities():
    """The rows as dicts."""
    with Path(sys.argv[2]).open(newline="", encoding="utf-8") as opened:
        yield from csv.DictReader(opened)


destination = dlt.destinations.duckdb(str(Path(sys.argv[1]) / "dlt.duckdb"))
dlt.pipeline("peer", destination=destination, dataset_name="crm").run(activities())
