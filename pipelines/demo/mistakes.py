"""How rows of the demo are broken. Every one of these must break its contract, whatever the rest of the row says."""

from __future__ import annotations

from collections.abc import Mapping

STRAY_BYTE = "\udcff"
"""Written as the byte 0xFF, which is no UTF-8 (`surrogateescape`)."""

ACTIVITY_MISTAKES: tuple[tuple[str, str], ...] = (
    ("source_record_id", ""),
    ("occurred_at", "31/02/2026 10:15"),
    ("channel", "fax"),
    ("duration_seconds", "-35"),
    ("subject", "Pinged\x07 again"),
    ("occurred_at", "2026-02-30T10:15:00-05:00"),
    ("status", "done"),
    ("occurred_at", ""),
    ("direction", "sideways"),
    ("channel", ""),
    ("is_bulk", "maybe"),
    ("occurred_at", "1899-12-30T00:00:00Z"),
    ("duration_seconds", "12 min"),
    ("subject", f"Caf{STRAY_BYTE} visit"),
    ("source_record_id", "A" * 256),
    ("meeting_mode", "hologram"),
    ("created_at", "yesterday"),
    ("source_record_id", "A00\x0117"),
    ("duration_seconds", "99999999"),
    ("updated_at", "2026-13-01T09:00:00Z"),
)

TABLE_MISTAKES: dict[str, tuple[Mapping[str, str], ...]] = {
    "accounts": ({"created_at": "n/a"}, {"account_id": "A-SELF", "merged_into_id": "A-SELF"}),
    "contacts": ({"contact_id": ""}, {"created_at": "0000-00-00"}, {"full_name": "Dana\x00 Reyes"}),
    "leads": ({"created_at": ""}, {"source_type": "partner"}, {"converted_at": "soon"}),
    "opportunities": ({"amount": "12,5OO"}, {"expected_close_date": "2026-06-31"}, {"is_won": "perhaps"}),
    "stage_changes": ({"changed_at": "last week"}, {"to_stage": ""}, {"amount": "$900"}),
    "contracts": ({"start_date": "2026-03-01", "end_date": "2026-02-01"}, {"account_id": ""}),
}
