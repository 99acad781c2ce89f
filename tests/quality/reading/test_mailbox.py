"""Mailboxes: one row a message, from its headers alone, and a broken message costs itself."""

from __future__ import annotations

import hashlib
import mailbox
import tracemalloc

import pytest

from models.errors import UnreadableFileError
from pipelines.sources.reading.mailbox_file import COLUMNS

PLAIN = (
    "Message-ID: <m1@example.com>",
    "Date: Mon, 02 Mar 2026 10:00:00 -0500",
    "From: Ann Lee <Ann@Example.com>",
    "To: Bob <bob@client.com>, cy@client.com",
    "Subject: Offer",
)


def letter(*headers, body="Hello\n"):
    return "From ann@example.com Mon Mar  2 15:00:00 2026\n" + "\n".join(headers) + "\n\n" + body + "\n"


def instead(*headers):
    """The plain headers with others in their place."""
    names = {header.partition(":")[0] for header in headers}
    return (*(header for header in PLAIN if header.partition(":")[0] not in names), *headers)


def without(name):
    return [header for header in PLAIN if not header.startswith(name)]


@pytest.fixture
def read(load):
    def run(content):
        loaded = load(content if isinstance(content, bytes) else content.encode(), "sent.mbox")
        rows = [{name: cell for name, cell in zip(COLUMNS, row, strict=True) if cell} for row in loaded.cells]
        return rows, loaded

    return run


def test_a_message_is_a_row_of_its_headers(read):
    rows, _ = read(letter(*PLAIN, "Cc: Dee <DEE@client.com>, bob@client.com", "In-Reply-To: <m0@client.com>"))
    assert rows == [
        {
            "message_id": "m1@example.com", "date": "2026-03-02T15:00:00Z", "from_email": "ann@example.com",
            "to_emails": "bob@client.com;cy@client.com", "cc_emails": "dee@client.com;bob@client.com",
            "subject": "Offer", "in_reply_to": "m0@client.com", "is_bulk": "false", "is_bounce": "false",
            "is_auto": "false",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "field", "value"),
    [
        ("List-Id: <news.example.com>", "is_bulk", "true"),
        ("Precedence: Bulk", "is_bulk", "true"),
        ("Precedence: first-class", "is_bulk", "false"),
        ('Content-Type: multipart/report; report-type=delivery-status; boundary="x"', "is_bounce", "true"),
        ("Auto-Submitted: auto-replied", "is_auto", "true"),
        ("Auto-Submitted: no", "is_auto", "false"),
        ("References: <first@x> <last@x>", "in_reply_to", "last@x"),
        ("Subject: =?utf-8?B?Q2Fmw6k=?= and\n more", "subject", "Café and more"),
        ("Subject: =?nocharset?B?Q2Fmw6k=?=", "subject", "=?nocharset?B?Q2Fmw6k=?="),
        ('From: "Lee, Ann" <ann@example.com>, bo@example.com', "from_email", "ann@example.com"),
        ("From: =?utf-8?Q?Ren=C3=A9e?= <renee@example.com>", "from_email", "renee@example.com"),
        ("To: undisclosed-recipients:;", "to_emails", None),
        ("Date: Mon, 2 Mar 2026 10:00:00 -0000", "date", "2026-03-02T10:00:00Z"),
        ("Date: Mon, 2 Mar 2026 10:00:00", "date", "2026-03-02T10:00:00"),
        ("Date: Tue, 3 Mar 2026 01:30:00 +1300 (NZDT)", "date", "2026-03-02T12:30:00Z"),
    ],
)
def test_headers_are_read_as_they_are_meant(read, header, field, value):
    assert read(letter(*instead(header)))[0][0].get(field) == value


def test_bytes_beyond_ascii_are_utf8_or_else_latin1(read):
    for raw in ("Café".encode(), "Café".encode("latin-1")):
        content = letter(*instead("Subject: @@")).encode().replace(b"@@", raw)
        assert read(content)[0][0]["subject"] == "Café"


def test_without_a_message_id_the_hash_of_what_it_says_stands_for_it(read):
    words = "\x1f".join(["Ann Lee <Ann@Example.com>", "Mon, 02 Mar 2026 10:00:00 -0500", "Offer"])
    expected = "sha256:" + hashlib.sha256(words.encode()).hexdigest()
    assert read(letter(*without("Message-ID")))[0][0]["message_id"] == expected


def test_what_looks_like_a_new_message_in_a_body_is_body(read):
    body = "Hi\n\nFrom what I hear:\nall is well\n\n>From me\nSubject: no header\n"
    rows, loaded = read(letter(*PLAIN, body=body) + letter(*instead("Message-ID: <m2@example.com>")))
    assert [row["message_id"] for row in rows] == ["m1@example.com", "m2@example.com"]
    assert loaded.rejects == []


@pytest.mark.parametrize(
    ("headers", "rule"),
    [
        (without("Date"), "missing_date"),
        (instead("Date: yesterday"), "bad_date"),
        (instead("Date: Mon, 32 Mar 2026 10:00:00 +0000"), "bad_date"),
        (["X-Nothing: 1"], "missing_id"),
        ([*PLAIN, *(f"X-{n}: {'y' * 1000}" for n in range(1_100))], "too_large"),
    ],
)
def test_a_broken_message_costs_itself(read, headers, rule):
    rows, loaded = read(letter(*headers) + letter(*PLAIN))
    assert [row["message_id"] for row in rows] == ["m1@example.com"]
    assert loaded.rejects == [(1, rule)]


def test_line_ends_do_not_matter(read):
    text = letter(*PLAIN) + letter(*instead("Message-ID: <m2@example.com>"))
    assert read(text)[0] == read(text.replace("\n", "\r\n"))[0]


def test_what_the_standard_library_writes_is_read(read, tmp_path):
    box = mailbox.mbox(tmp_path / "box")
    for number in range(3):
        message = mailbox.mboxMessage()
        message["Message-ID"], message["Date"] = f"<{number}@x>", "Mon, 2 Mar 2026 10:00:00 +0000"
        message.set_payload("From here on:\nDate: x\n\nFrom there\n")
        box.add(message)
    box.flush()
    assert [row["message_id"] for row in read((tmp_path / "box").read_bytes())[0]] == ["0@x", "1@x", "2@x"]


def test_a_body_is_never_in_memory(read):
    content = letter(*PLAIN, body=("y" * 999 + "\n") * 60_000).encode()
    tracemalloc.start()
    rows, _ = read(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(rows), peak < len(content)) == (1, True)


@pytest.mark.parametrize("content", [b"hello\n", b"\n\n", b"From ann\n\nbody\n"])
def test_what_is_no_mailbox_is_refused(load, content):
    with pytest.raises(UnreadableFileError) as refused:
        load(content, "a.mbox")
    assert refused.value.rule == "no_mailbox"
