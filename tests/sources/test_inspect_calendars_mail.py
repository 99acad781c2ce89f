"""What `touchline inspect` proposes for a calendar and a mailbox is what the page about them shows."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from models.settings import Settings
from models.strict_yaml import parse_yaml
from pipelines.sources.inspecting import inspect_file
from tests.quality.reading.test_calendar import calendar, event
from tests.quality.reading.test_mailbox import letter

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sources_calendars_mail.md"
WHO = ("ann@acme.example", "lee@acme.example", "bob@client.example")
MEETINGS = calendar(
    *(event("DTSTART:20260302T140000Z", f"ORGANIZER:mailto:{who}", uid=who) for who in WHO),
    event("DTSTART:20260302T140000Z", uid="own"),
)
MAILS = "".join(
    letter(f"Message-ID: <{who}>", "Date: Mon, 2 Mar 2026 10:00:00 +0000", f"From: {who}", "To: x@client.example")
    for who in WHO
).encode()


def shown(name):
    """The fields of the page's source of this name that reads activities."""
    settings = parse_yaml(re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1])
    return next(
        one["fields"] for one in settings["sources"] if (one["name"], one.get("entity")) == (name, "activities")
    )


@pytest.mark.parametrize(
    ("file", "content", "name", "reps"),
    [
        ("ann.ics", MEETINGS, "calendar", [*WHO[:2], None, None]),
        ("ann.ics.gz", gzip.compress(MEETINGS), "calendar", [*WHO[:2], None, None]),
        ("ann.mbox", MAILS, "mail", [*WHO[:2], None]),
    ],
)
def test_the_commonest_domain_is_taken_for_the_companys(tmp_path, file, content, name, reps):
    (tmp_path / file).write_bytes(content)
    found = inspect_file(tmp_path / file, Settings())
    assert (found.entity, found.rejected.count) == ("activities", 0)
    assert parse_yaml(found.proposal)[0]["fields"] == shown(name)
    assert sorted(row.get("rep_id") or "~" for row in found.rows) == [rep or "~" for rep in reps]
    assert any("acme.example is taken for your mail domain" in note for note in found.notes)


def test_a_calendar_without_organizers_gives_a_domain_to_fill_in(tmp_path):
    (tmp_path / "own.ics").write_bytes(calendar(event("DTSTART:20260302T140000Z")))
    found = inspect_file(tmp_path / "own.ics", Settings())
    assert "your-company[.]example" in found.proposal
    assert "your-company.example is taken" in found.notes[0]
