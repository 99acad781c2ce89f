"""pydantic judges a CSV row by row, and keeps nothing.

Usage: python pydantic_rows.py ACTIVITIES.csv
"""

import csv
import sys
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel


class Activity(BaseModel):
    """The bench's ten columns."""

    source_record_id: str
    channel: Literal["call", "email", "meeting", "social", "sms"]
    occurred_at: datetime
    rep_id: str
    direction: Literal["inbound", "outbound"]
    status: Literal["completed"]
    disposition: str
    duration_seconds: int | Literal[""]
    contact_id: str
    updated_at: datetime


with Path(sys.argv[1]).open(newline="", encoding="utf-8") as opened:
    for row in csv.DictReader(opened):
        Activity.model_validate(row)
