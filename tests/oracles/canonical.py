"""Reads a folder of canonical CSV exports as one night would, in plain Python: which rows are valid, which win.

Written from contract.md 5 and 6 alone; shares nothing with the product. All files at once, in the order of their
names. It raises where it cannot judge: a file over its error budget, versions without an order between them.
"""

import csv
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from functools import cache

from tests.oracles.dialer import dialer_rows

BLANKS = " \t\r\n"

# entity: "field:kind" in any order; `*` required. A closed set is written out as its words.
GRAIN = "day|week|month|quarter|year"
CONTRACTS = {
    "activities": "source_record_id:id* channel:call|email|meeting|social|sms|task|note* occurred_at:instant* "
    "rep_id:id booked_by_rep_id:id occurred_at_precision:instant|date "
    "occurred_at_basis:actual|completed|scheduled|due|logged is_bulk:flag "
    "direction:outbound|inbound|internal|unknown status:completed|scheduled|cancelled|no_show "
    "disposition:id meeting_mode:in_person|video|phone|unknown duration_seconds:seconds ended_at:instant account_id:id "
    "contact_id:id contact_ids:list lead_id:id opportunity_id:id subject:text created_at:instant",
    "reps": "rep_id:id* full_name:id* rep_type:inside|outside|hybrid* hire_date:day* email:id role:id team:id "
    "manager_rep_id:id territory:id country:id termination_date:day termination_kind:voluntary|involuntary "
    "effective_from:day",
    "accounts": "account_id:id* name:id industry:id country:id created_at:instant merged_into_id:id",
    "contacts": "contact_id:id* account_id:id full_name:id email:id phone:id created_at:instant merged_into_id:id",
    "leads": "lead_id:id* created_at:instant* owner_rep_id:id source_type:marketing|sales lead_source:id status:id "
    "converted_at:instant account_id:id contact_id:id opportunity_id:id",
    "opportunities": "opportunity_id:id* stage:id* owner_rep_id:id created_at:instant amount:money currency:currency "
    "pipeline:id deal_type:new|expansion|renewal account_id:id contact_id:id lead_id:id source_type:marketing|sales "
    "lead_source:id expected_close_date:day closed_at:instant is_won:flag merged_into_id:id",
    "stage_changes": "opportunity_id:id* to_stage:id* changed_at:instant* from_stage:id changed_by_rep_id:id "
    "owner_rep_id:id amount:money",
    "stages": "pipeline:id* stage:id* stage_order:order* outcome:open|won|lost* probability:share kind:id",
    "contracts": "contract_id:id* account_id:id* start_date:day* end_date:day monthly_amount:money currency:currency "
    "renewed_by_contract_id:id cancelled_date:day",
    "spend": "month:month* category:sales|marketing* amount:money* currency:currency team:id",
    "forecasts": f"period_start:day* period_grain:{GRAIN}* submitted_at:instant* amount:money* currency:currency "
    "rep_id:id team:id",
    "quotas": f"period_start:day* period_grain:{GRAIN}* rep_id:id* amount:money* currency:currency",
    "activity_targets": f"metric:id* target:count* period_grain:{GRAIN}* effective_from:day* rep_id:id role:id "
    "rep_type:inside|outside|hybrid",
    "exchange_rates": "rate_date:day* from_currency:currency* to_currency:currency* rate:rate*",
    "rep_aliases": "source:id* source_rep_id:id* rep_id:id*",
    "time_off": "rep_id:id* start_date:day* end_date:day* kind:id",
}
KEYS = {
    "reps": ("rep_id", "effective_from"),
    "stage_changes": ("opportunity_id", "changed_at", "to_stage"),
    "stages": ("pipeline", "stage"),
    "spend": ("month", "category", "team", "currency"),
    "forecasts": ("period_start", "period_grain", "submitted_at", "rep_id", "team"),
    "quotas": ("period_start", "period_grain", "rep_id"),
    "activity_targets": ("metric", "period_grain", "effective_from", "rep_id", "role", "rep_type"),
    "exchange_rates": ("rate_date", "from_currency", "to_currency"),
    "rep_aliases": ("source", "source_rep_id"),
    "time_off": ("rep_id", "start_date", "kind"),
}
DAY = r"\d{4}-\d\d-\d\d"
PATTERNS = {
    "instant": rf"{DAY}([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{{1,6}})?)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?)?",
    "day": DAY,
    "month": r"\d{4}-\d\d(-\d\d)?",
    "seconds": r"-?\d{1,12}",
    "order": r"-?\d{1,6}",
    "money": r"-?\d{1,14}(\.\d{1,4})?",
    "count": r"-?\d{1,14}(\.\d{1,4})?",
    "rate": r"\d{1,9}(\.\d{1,8})?",
    "share": r"\d{1,3}(\.\d{1,6})?",
    "flag": r"(?i:true|t|yes|y|1|false|f|no|n|0)",
    "currency": "[A-Z]{3}",
}
PATTERNS = {kind: re.compile(pattern, re.ASCII) for kind, pattern in PATTERNS.items()}
RANGES = {"seconds": (0, 31 * 86_400), "order": (0, 9_999), "count": (0, 1e15), "rate": (1e-8, 1e10), "share": (0, 1)}


UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\udc80-\udcff]")
UNFIT_IN_IDS = re.compile("[\x00-\x1f\x7f\udc80-\udcff]")
"""Control characters, and (as `surrogateescape` reads them) bytes that are no UTF-8."""


@cache
def fields_of(entity):
    """Each field's (kind, required)."""
    words = [word.split(":") for word in f"{CONTRACTS[entity]} is_deleted:flag updated_at:instant".split()]
    return {name: (kind.rstrip("*"), kind.endswith("*")) for name, kind in words}


@cache
def required_of(entity):
    return {name for name, (_, required) in fields_of(entity).items() if required}


@cache
def is_well_formed(kind, text):
    if (UNFIT_IN_IDS if kind in ("id", "list") else UNFIT).search(text):
        return False
    if len(text) > (20_000 if kind in ("text", "list") else 255):
        return False
    if "|" in kind:
        return text.lower() in kind.split("|")
    if kind == "list" and text.startswith("["):
        return is_list_of_texts(text)
    if kind in ("id", "text", "list"):
        return True
    return PATTERNS[kind].fullmatch(text) is not None and is_in_range(kind, text)


def is_list_of_texts(text):
    try:
        return all(isinstance(item, str) for item in json.loads(text))
    except ValueError:
        return False


def is_in_range(kind, text):
    if kind in ("instant", "day", "month"):
        try:
            day = date.fromisoformat(f"{text}-01" if len(text) == 7 else text[:10])
        except ValueError:
            return False
        return (1990 if kind == "instant" else 1900) <= day.year <= 2099
    low, high = RANGES.get(kind, (0, 0))
    return kind not in RANGES or low <= float(text) <= high


def is_valid(entity, row):
    fields = fields_of(entity)
    if not all(is_well_formed(fields[name][0], text) for name, text in row.items()):
        return False
    if not required_of(entity) <= row.keys():
        return False
    own_id = row.get(next(iter(fields_of(entity))))
    if row.get("merged_into_id") == own_id and "merged_into_id" in row:
        return False
    pairs = (("termination_date", "hire_date"), ("end_date", "start_date"))
    return not any(late in row and early in row and row[late] < row[early] for late, early in pairs)


def entity_of(path):
    """The longest family name that the file's name begins with."""
    return max((name for name in CONTRACTS if path.name.startswith(name)), key=len)


class Export:
    """The folder's records: winners by entity and key, and what became of each row of each file."""

    def __init__(self, folder, zone, dialer=None):
        self.zone = zone
        self.accounting = {}
        self.versions = defaultdict(list)
        for path in sorted(folder.glob("*.csv"), key=lambda path: path.name):
            self.read(path)
        for path in sorted(dialer.glob("*.csv")) if dialer else ():
            self.read_dialer(path)
        self.winners = {name: {} for name in CONTRACTS}
        for (entity, key), versions in self.versions.items():
            self.winners[entity][key] = self.judge(versions)
        for entity in ("accounts", "contacts", "opportunities"):
            self.refuse_rings(entity)

    def refuse_rings(self, entity):
        """Winners whose merges lead back to themselves are told as quarantined; each still counts as itself."""
        target = {key[0]: row.get("merged_into_id") for key, row in self.winners[entity].items()}
        for start in target:
            steps, at = 0, target[start]
            while at in target and at != start and steps <= len(target):
                steps, at = steps + 1, target[at]
            if at == start:
                row = self.winners[entity][start,]
                file = next(file for file, version in self.versions[entity, (start,)] if version == row)
                self.accounting[file].update(rows_accepted=-1, rows_quarantined=1)

    def read(self, path):
        entity, counts = entity_of(path), Counter()
        self.accounting[path.name] = counts
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            records = csv.reader(stream)
            header = next(records)
            for cells in records:
                counts["rows_read"] += 1
                if not cells or cells == header:
                    counts["rows_ignored"] += 1
                    continue
                row = {name: cell.strip(BLANKS) for name, cell in zip(header, cells, strict=True) if cell.strip(BLANKS)}
                if is_valid(entity, row):
                    self.versions[entity, self.key_of(entity, row)].append((path.name, row))
                else:
                    counts["rows_quarantined"] += 1
        if counts["rows_quarantined"] >= 20 and counts["rows_quarantined"] > 0.05 * counts["rows_read"]:
            raise ValueError(f"{path.name} would be refused whole; this program does not judge that")

    def read_dialer(self, path):
        counts = self.accounting[path.name] = Counter()
        for row in dialer_rows(path):
            counts["rows_read"] += 1
            if row is None:
                counts["rows_quarantined"] += 1
            else:
                self.versions["activities", ("dialer", row["source_record_id"])].append((path.name, row))

    def key_of(self, entity, row):
        names = KEYS.get(entity, (next(iter(fields_of(entity))),))
        defaults = {"effective_from": row.get("hire_date", "")} if entity == "reps" else {}
        values = {name: row.get(name, defaults.get(name, "")) for name in names}
        return tuple(self.key_part(fields_of(entity)[name][0], value) for name, value in values.items())

    def key_part(self, kind, value):
        if kind == "instant":
            return self.instant(value)
        return value.lower() if "|" in kind else value[:7] if kind == "month" else value

    def judge(self, versions):
        """The winning row; every version is counted in its file."""
        seen, ranked = [], []
        for place, (file, row) in enumerate(versions):
            if row in seen:
                self.accounting[file]["rows_duplicate"] += 1
                continue
            seen.append(row)
            changed = self.instant(row["updated_at"]) if "updated_at" in row else None
            ranked.append((changed, place, file, row))
        dated = [changed for changed, *_ in ranked if changed is not None]
        if dated and len(set(dated)) < len(ranked):
            raise ValueError(f"no order between versions of {versions[0]}")
        winner = max(ranked, key=lambda version: version[:2]) if dated else ranked[-1]
        for version in ranked:
            self.accounting[version[2]]["rows_accepted" if version is winner else "rows_superseded"] += 1
        return winner[3]

    @cache  # noqa: B019
    def instant(self, text):
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=self.zone, fold=1) if moment.tzinfo is None else moment
        return moment.astimezone(UTC)

    def local_day(self, text):
        return date.fromisoformat(text) if len(text) == 10 else self.instant(text).astimezone(self.zone).date()

    def living(self, entity):
        return [row for row in self.winners[entity].values() if not is_true(row.get("is_deleted"))]


def is_true(text):
    return (text or "").lower() in ("true", "t", "yes", "y", "1")
