"""What a deal and a lead are at an instant (metrics.md 0): owner, amount, outcome, close, and how they are linked."""

from datetime import timedelta
from decimal import Decimal
from functools import cached_property

from tests.oracles.canonical import is_true

UNKNOWN = "unknown"
BEFORE_CREATION = timedelta(hours=365 * 24)


class Lead:
    """A living lead."""

    def __init__(self, row, company):
        self.id, self.row = row["lead_id"], row
        self.created = company.export.instant(row["created_at"])
        self.created_day = company.export.local_day(row["created_at"])
        self.owner = company.roster.resolve(row.get("owner_rep_id", ""))
        self.source_type = row.get("source_type", UNKNOWN).lower()
        named = row.get("opportunity_id")
        self.deal_id = company.opportunities.survivor(named) if named else None
        self.contact = company.contacts.standing(row["contact_id"]) if "contact_id" in row else None


class Change:
    """A logged move."""

    def __init__(self, row, deal, company):
        self.at = company.export.instant(row["changed_at"])
        self.stage, self.from_stage = row["to_stage"], row.get("from_stage")
        self.order, self.outcome, self.kind = company.stages.get((deal.pipeline, self.stage), (-1, None, None))
        self.owner = company.roster.resolve(row["owner_rep_id"]) if "owner_rep_id" in row else None
        self.amount = Decimal(row["amount"]) if "amount" in row else None


class Deal:
    """A living deal that was merged into no other. `leads` are those that name it."""

    def __init__(self, row, log, company):
        self.company, self.row, self.id = company, row, row["opportunity_id"]
        self.pipeline, self.currency = row.get("pipeline", "default"), row.get("currency", "USD")
        self.account = company.accounts.standing(row["account_id"]) if "account_id" in row else None
        self.contact = company.contacts.standing(row["contact_id"]) if "contact_id" in row else None
        self.amount = Decimal(row["amount"]) if "amount" in row else None
        self.record_owner = company.roster.resolve(row.get("owner_rep_id", ""))
        self.changes = sorted(
            (Change(one, self, company) for one in log), key=lambda one: (one.at, one.order, one.stage)
        )
        self.leads = []
        self._date(company.export)

    def _date(self, export):
        row = self.row
        self.created = export.instant(row["created_at"]) if "created_at" in row else None
        self.created_day = export.local_day(row["created_at"]) if "created_at" in row else None
        self.opened = self.created or (self.changes[0].at if self.changes else None)
        meant = self.company.stages.get((self.pipeline, row["stage"]), (-1, "open", None))[1]
        self.final = {True: "won", False: "lost"}[is_true(row["is_won"])] if "is_won" in row else meant
        moves = [change.at for change in self.changes if change.outcome == self.final]
        self.closed = None
        if self.final != "open":
            self.closed = export.instant(row["closed_at"]) if "closed_at" in row else moves[-1] if moves else None
        self.closed_day = self.company.day_of(self.closed) if self.closed else None
        if self.final != "open" and "closed_at" in row:
            self.closed_day = export.local_day(row["closed_at"])

    @property
    def is_closed(self):
        """Whether it was won or lost by `as_of`."""
        return self.closed is not None and self.closed <= self.company.as_of

    @property
    def is_undated(self):
        """Whether it has an outcome and nobody says since when."""
        return self.final != "open" and self.closed is None

    @property
    def is_won(self):
        return self.is_closed and self.final == "won"

    @property
    def is_created(self):
        return self.created is not None and self.created <= self.company.as_of

    def is_open(self, instant):
        if self.opened is None or self.opened > instant or self.is_undated:
            return False
        return self.closed is None or self.closed > instant

    def owner(self, instant):
        owners = [change.owner for change in self.changes if change.owner and change.at <= instant]
        return owners[-1] if owners else self.record_owner

    def money(self, instant, day):
        """The amount at an instant before the close, at the rate of the day."""
        amounts = [change.amount for change in self.changes if change.amount is not None and change.at <= instant]
        return self.company.money(amounts[-1] if amounts else self.amount, self.currency, day)

    @property
    def closed_money(self):
        return self.company.money(self.amount, self.currency, self.closed_day)

    @property
    def is_unpriced(self):
        """Whether the amount at the close has no rate."""
        return self.amount is not None and self.closed_money is None

    @property
    def lead_id(self):
        """The lead it names, also one that is deleted or has no record, else one that names it."""
        return self.row.get("lead_id") or min((lead.id for lead in self.leads), default=None)

    @property
    def source_type(self):
        lead = self.company.leads.get(self.lead_id)
        return self.row.get("source_type", "").lower() or (lead.source_type if lead else UNKNOWN)

    @cached_property
    def cycle_start(self):
        """The day of the earliest touch before the creation, else the creation's."""
        sides = (("lead", self.lead_id), ("contact", self.contact), ("account", self.account))
        touched = [self.company.first_touch(side, self.created - BEFORE_CREATION, self.created) for side in sides]
        return min((self.company.day_of(at) for at in touched if at is not None), default=self.created_day)

    @property
    def cycle_days(self):
        return (self.closed_day - self.cycle_start).days if self.created else None

    @cached_property
    def entries(self):
        """(instant, stage, its order) of each entry up to `as_of`: the log, and the creation and the close it leaves out."""
        found = [(change.at, change.order, change.stage) for change in self.changes]
        if self.created is not None and not any(at <= self.created for at, _, _ in found):
            found.append((self.created, -1, self._stage_at_creation()))
        if self.closed is not None and not (self.changes and self.changes[-1].outcome == self.final):
            found.append((self.closed, self.company.stages[self.pipeline, self.row["stage"]][0], self.row["stage"]))
        return [(at, stage, order) for at, order, stage in sorted(found) if at <= self.company.as_of]

    def _stage_at_creation(self):
        if not self.changes and self.final == "open":
            return self.row["stage"]
        named = self.changes[0].from_stage if self.changes else None
        return named or self.company.open_stages(self.pipeline)[0]
