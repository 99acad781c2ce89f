"""The demo company's dialer exports as canonical activities, in plain Python: what its mapping in the settings means."""

import re
from datetime import datetime

WORDS = {
    "ANSWERED": "connected",
    "NO ANSWER": "no_answer",
    "VOICEMAIL": "voicemail",
    "MESSAGE": "left_message",
    "BUSY": "busy",
    "WRONG NUMBER": "wrong_number",
    "FAILED": "failed",
}


def dialer_rows(path):
    """Each row below the header as a canonical row, None for one that the mapping rejects."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        yield canonical(dict(zip(header.split(";"), line.split(";"), strict=True)))


def canonical(cells):
    try:
        started = datetime.strptime(cells["Started"], "%d.%m.%Y %H:%M:%S")
    except ValueError:
        return None
    length = re.fullmatch(r"(\d\d):(\d\d):(\d\d)", cells["Length"])
    if length is None or not cells["Call ID"] or cells["Result"] not in {*WORDS, ""}:
        return None
    hours, minutes, seconds = map(int, length.groups())
    row = {
        "source_record_id": cells["Call ID"],
        "channel": "call",
        "occurred_at": f"{started.isoformat()}Z",
        "rep_id": cells["Agent"],
        "direction": {"OUT": "outbound", "IN": "inbound"}.get(cells["Type"], "unknown" if cells["Type"] else ""),
        "status": "completed",
        "disposition": WORDS.get(cells["Result"], ""),
        "duration_seconds": str(hours * 3600 + minutes * 60 + seconds),
        "source": "dialer",
    }
    return {name: text for name, text in row.items() if text}
