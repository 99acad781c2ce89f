"""Files as a first-time user has them: the same facts as German, Turkish, workbook and report files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import openpyxl


@dataclass(frozen=True)
class Call:
    """A call as it was: `started` on the company's clock; `outcome` is reached, missed or busy."""

    id: str
    rep: str
    started: datetime
    is_outbound: bool
    seconds: int
    outcome: str


@dataclass(frozen=True)
class Deal:
    """A deal as it is; `outcome` is won, open or lost."""

    id: str
    owner: str
    outcome: str
    amount: Decimal
    created: date
    closed: date | None


def calls(prefix: str, reps: Sequence[str]) -> list[Call]:
    """Six calls; days above twelve and below, so that their order is evident, and quarters of minutes."""
    outcomes = ("reached", "missed", "busy")
    return [
        Call(
            f"{prefix}{n}",
            reps[n % len(reps)],
            datetime(2026, 3, 2 + 4 * n, 9 + n, 5 * n),
            n % 2 == 0,
            75 * n,
            outcomes[n % 3],
        )
        for n in range(6)
    ]


def deals(prefix: str, owners: Sequence[str]) -> list[Deal]:
    """Amounts with groups, with cents, and one of whole thousands, which alone would prove nothing."""
    amounts = ("1234.56", "12000", "1500000", "999.9")
    outcomes = ("won", "open", "lost", "won")
    return [
        Deal(
            f"{prefix}{n}",
            owners[n % len(owners)],
            outcomes[n],
            Decimal(amount),
            date(2026, 1, 13 + n),
            None if outcomes[n] == "open" else date(2026, 3, 1 + 10 * n),
        )
        for n, amount in enumerate(amounts)
    ]


def comma(value: Decimal | float) -> str:
    """`1234.5` as people write it where a comma is in the numbers: `1.234,5`."""
    return f"{value:,}".translate(str.maketrans({",": ".", ".": ","}))


def dotted(day: date | None) -> str:
    """`31.12.2025`."""
    return "" if day is None else day.strftime("%d.%m.%Y")


def table(rows: Iterable[Sequence[object]], encoding: str = "utf-8", delimiter: str = ";") -> bytes:
    """The rows as a spreadsheet saves them."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


TURKISH = {"reached": "Görüşüldü", "missed": "Cevap yok", "busy": "Meşgul", "won": "Kazanıldı", "open": "Teklif",
           "lost": "Kaybedildi"}  # fmt: skip
GERMAN = {"reached": "Erreicht", "missed": "Nicht erreicht", "busy": "Besetzt", "won": "Gewonnen", "open": "Angebot",
          "lost": "Verloren"}  # fmt: skip
ENGLISH = {"won": "Closed Won", "open": "Proposal", "lost": "Closed Lost"}


def turkish_calls(made: Iterable[Call]) -> bytes:
    """Minutes with a decimal comma, in windows-1254, below a title and above a total."""
    head = ["Çağrı No", "Başlangıç Tarihi", "Müşteri Temsilcisi", "Yön", "Görüşme Süresi (dk)", "Sonuç", "Müşteri"]
    rows = [
        [
            c.id,
            c.started.strftime("%d.%m.%Y %H:%M"),
            c.rep,
            "Giden" if c.is_outbound else "Gelen",
            comma(c.seconds / 60),
            TURKISH[c.outcome],
            "Işık Gıda",
        ]
        for c in made
    ]
    return table([["Çağrı raporu - Mart"], [], head, *rows, ["Toplam çağrı: 6"]], "windows-1254")


def german_calls(made: Iterable[Call]) -> bytes:
    """The day and the clock in columns of their own, in windows-1252."""
    head = ["Anruf-ID", "Datum", "Uhrzeit", "Mitarbeiter", "Richtung", "Dauer (Min.)", "Ergebnis"]
    rows = [
        [
            c.id,
            c.started.strftime("%d.%m.%Y"),
            c.started.strftime("%H:%M"),
            c.rep,
            "ausgehend" if c.is_outbound else "eingehend",
            comma(c.seconds / 60),
            GERMAN[c.outcome],
        ]
        for c in made
    ]
    return table([head, *rows], "windows-1252")


def turkish_deals(made: Iterable[Deal]) -> bytes:
    """Amounts such as 1.234,56 and a column of the currency."""
    head = ["Fırsat No", "Temsilci", "Aşama", "Tutar", "Para Birimi", "Oluşturma Tarihi", "Kapanış Tarihi"]
    rows = [
        [d.id, d.owner, TURKISH[d.outcome], comma(d.amount), "TRY", dotted(d.created), dotted(d.closed)] for d in made
    ]
    return table([head, *rows], "windows-1254")


def german_deals(made: Iterable[Deal]) -> bytes:
    """The currency stands in the name of the column."""
    head = ["Verkaufschance-Nr.", "Name", "Verantwortlich", "Phase", "Betrag (EUR)", "Erstellt am", "Abschlussdatum"]
    rows = [
        [d.id, "Weiß AG", d.owner, GERMAN[d.outcome], comma(d.amount), dotted(d.created), dotted(d.closed)]
        for d in made
    ]
    return table([head, *rows], "windows-1252")


def turkish_roster(names: dict[str, str]) -> bytes:
    """Rep ids by name; the first is inside, the others outside."""
    head = ["Sicil No", "Ad Soyad", "Satış Tipi", "İşe Giriş Tarihi", "Ekip"]
    rows = [[id, name, "Saha" if n else "İç satış", "03.02.2025", "Ege"] for n, (name, id) in enumerate(names.items())]
    return table([head, *rows], "windows-1254")


def workbook(rows: Iterable[Sequence[object]], title: str = "Export", other_sheet: str = "") -> bytes:
    """The rows as a sheet, beside one that holds little."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = title
    for row in rows:
        book.active.append(list(row))
    if other_sheet:
        book.create_sheet(other_sheet).append(["nothing here"])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


ABOVE = (["Sales pipeline 2026"], ["Report run by", "Carla Reyes", "2026-03-31"], ["Filter: all deals"])


def workbook_deals(made: Sequence[Deal], above: int, dates: str) -> bytes:
    """`above` lines of title and an empty row, then the header; `dates` are days, serials or texts."""
    head = ["Deal ID", "Deal Name", "Owner", "Stage", "Amount", "Created", "Close Date"]

    def day(value: date | None) -> object:
        if value is None or dates == "day":
            return value
        return (value - date(1899, 12, 30)).days if dates == "serial" else dotted(value)

    def amount(value: Decimal) -> object:
        return comma(value) if dates == "text" else float(value)

    rows = [[d.id, "Alpha", d.owner, ENGLISH[d.outcome], amount(d.amount), day(d.created), day(d.closed)] for d in made]
    total = ["Grand total", None, None, None, amount(sum((d.amount for d in made), Decimal()))]
    return workbook([*ABOVE[:above], *([[]] if above > 1 else []), head, *rows, total], other_sheet="Notes")


ABOUT = ("Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved.", "Confidential Information - Do Not Distribute",
         "Generated By:  Carla Reyes  31/03/2026 10:11", "Acme GmbH")  # fmt: skip


def report_calls(made: Iterable[Call], *, with_ids: bool = True) -> bytes:
    """A report of Salesforce, "Details Only", as CSV: labels, American days, lines about the report at the end."""
    head = ["Activity ID", "Assigned", "Due Date", "Status", "Task Subtype", "Call Duration (sec)"]
    rows = [[c.id, c.rep, f"{c.started:%m/%d/%Y}", "Completed", "Call", c.seconds] for c in made]
    cells = [row if with_ids else row[1:] for row in (head, *rows)]
    return table([*cells, [], [], ["Activities with Accounts"], *([line] for line in ABOUT)], delimiter=",")


def report_deals(made: Iterable[Deal]) -> bytes:
    """A formatted report of Salesforce: its first column is empty, and its total stands in the second."""
    head = ["Opportunity ID", "Opportunity Owner", "Stage", "Amount", "Close Date", "Created Date"]
    rows = [
        [d.id, d.owner, ENGLISH[d.outcome], float(d.amount), f"{d.closed or date(2026, 6, 30):%m/%d/%Y}",
         f"{d.created:%m/%d/%Y}"]
        for d in made
    ]  # fmt: skip
    above = [["Opportunity Report"], ["As of 2026-03-31 10:11:00 • Generated by Carla Reyes"], ["Filtered By"], []]
    return workbook([*above, *([None, *row] for row in (head, *rows)), [None, "Total", None, 3], [], [ABOUT[0]]])
