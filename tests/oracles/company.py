"""The demo company's records as of an instant: who did what, who is who, and what money is worth.

Deals and leads are in deals.py. Everything here is metrics.md 0 to 2 in plain Python; ids are those of the source.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cache, cached_property
from zoneinfo import ZoneInfo

from tests.oracles.activity_oracle import CLOSES, OPENS, SOURCE, UNKNOWN, Event, Roster, Survivors, prefixed
from tests.oracles.canonical import Export
from tests.oracles.deals import Deal, Lead
from tests.oracles.periods import days

CURRENCY = "USD"
ZONE = ZoneInfo("America/New_York")
MOMENT = timedelta(microseconds=1)


class Act(Event):
    """An activity with everything that it is with resolved to who counts."""

    def __init__(self, row, company):
        super().__init__(row, company.export, company.as_of)
        self.company = company
        self.rep_id = company.roster.resolve(row.get("rep_id", ""), row.get("source", SOURCE))
        self.instant = self.at.astimezone(UTC)
        self.lead_id = row.get("lead_id")

    @cached_property
    def contacts(self):
        """The contacts that count."""
        return {self.company.contacts.survivor(one) for one in self.contact_ids} - {None}

    @cached_property
    def sides(self):
        """Whom it was with: lead, contacts, the own account and theirs; who was deleted since was still there."""
        contacts = {self.company.contacts.standing(one) for one in self.contact_ids}
        accounts = {self.company.contacts.rows.get(one, {}).get("account_id") for one in contacts}
        accounts = {self.company.accounts.standing(one) for one in {*accounts, self.row.get("account_id")} - {None}}
        with_lead = [("lead", self.lead_id)] if self.lead_id else []
        return [*with_lead, *(("contact", one) for one in contacts), *(("account", one) for one in accounts)]

    @cached_property
    def deal_id(self):
        named = self.row.get("opportunity_id")
        return self.company.opportunities.survivor(named) if named else None

    @cached_property
    def is_after_hours(self):
        is_workday = self.company.roster.is_workday(self.rep_id, self.day)
        return not self.is_dated and not (is_workday and OPENS <= self.at.time() < CLOSES)

    @property
    def is_in_person(self):
        return self.is_held and self.row.get("meeting_mode", "").lower() == "in_person"

    @property
    def is_email(self):
        """An email as it is counted: outbound and not bounced."""
        is_sent = self.channel == "email" and self.is_completed and self.direction == "outbound"
        return is_sent and self.row.get("disposition", "").lower() != "bounced"

    @property
    def is_call(self):
        return self.channel == "call" and self.is_completed

    @cached_property
    def booked(self):
        """(booker, day) of a meeting that was booked by then."""
        if self.channel != "meeting" or "created_at" not in self.row:
            return None
        export = self.company.export
        if export.instant(self.row["created_at"]) > self.company.as_of:
            return None
        booker = self.row.get("booked_by_rep_id")
        return (self.company.roster.resolve(booker) if booker else self.rep_id), export.local_day(
            self.row["created_at"]
        )


class Company:
    """All of it, read once."""

    def __init__(self, inbox, as_of, dialer=None):
        self.export = export = Export(inbox, ZONE, dialer)
        self.as_of, self.today = as_of.astimezone(UTC), as_of.astimezone(ZONE).date()
        self.roster = Roster(export)
        self.contacts, self.accounts = Survivors(export, "contacts"), Survivors(export, "accounts")
        self.opportunities = Survivors(export, "opportunities")
        self.rates = self._rates()
        self.acts = [Act(row, self) for row in export.living("activities")]
        self.stages = {
            (row["pipeline"], row["stage"]): (int(row["stage_order"]), row["outcome"].lower(), row.get("kind"))
            for row in export.living("stages")
        }
        self.leads = {row["lead_id"]: Lead(row, self) for row in export.living("leads")}
        self.deals = self._deals()
        self.who = cache(self._who)

    def _rates(self):
        found = defaultdict(list)
        for row in self.export.living("exchange_rates"):
            if row["to_currency"] == CURRENCY:
                found[row["from_currency"]].append((row["rate_date"], Decimal(row["rate"])))
        return {currency: sorted(rates) for currency, rates in found.items()}

    def _deals(self):
        logs = defaultdict(list)
        for row in self.export.living("stage_changes"):
            logs[row["opportunity_id"]].append(row)
        rows = self.opportunities.rows
        living = (one for one in rows if self.opportunities.survivor(one) == one)
        deals = {one: Deal(rows[one], logs[one], self) for one in living}
        for lead in self.leads.values():
            if lead.deal_id in deals:
                deals[lead.deal_id].leads.append(lead)
        return deals

    def money(self, amount, currency, day):
        """In the company's currency, by the last rate on or before the day; none without an amount or a rate."""
        if amount is None or currency == CURRENCY:
            return amount
        rates = self.rates.get(currency, ())
        place = bisect_right(rates, (str(day), Decimal("Infinity")))
        return amount * rates[place - 1][1] if place else None

    def open_stages(self, pipeline):
        """The pipeline's open stages in their order."""
        found = [
            (order, stage)
            for (name, stage), (order, outcome, _) in self.stages.items()
            if (name, outcome) == (pipeline, "open")
        ]
        return [stage for _, stage in sorted(found)]

    @cached_property
    def touches(self):
        """The instants of all touches with a lead, a contact or an account, in order."""
        found = defaultdict(list)
        for act in self.acts:
            if act.is_touch:
                for side in act.sides:
                    found[side].append(act.instant)
        return {side: sorted(instants) for side, instants in found.items()}

    def first_touch(self, side, since, until):
        """The first touch with that side between two instants, both counted."""
        instants = self.touches.get(side, ())
        place = bisect_left(instants, since)
        return instants[place] if place < len(instants) and instants[place] <= until else None

    def instant_of(self, day):
        """The instant at which the day starts in the company's zone."""
        return datetime.combine(day, time(), ZONE).astimezone(UTC)

    def end_of(self, next_day):
        """The last instant before that day, or `as_of` when it is earlier."""
        return min(self.instant_of(next_day) - MOMENT, self.as_of)

    def day_of(self, instant):
        return instant.astimezone(ZONE).date()

    def _who(self, rep_id, day):
        """(rep type, role, team, manager) on the day; of an unknown rep all are unknown."""
        row = self.roster.on(rep_id, day)
        if row is None:
            return UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN
        manager = f"{SOURCE}:{row['manager_rep_id']}" if "manager_rep_id" in row else UNKNOWN
        return row["rep_type"].lower(), row.get("role", UNKNOWN), row.get("team", UNKNOWN), manager

    def is_counted(self, rep_id, day):
        """Whether somebody on the roster counts as a rep on the day."""
        return rep_id != UNKNOWN and self.roster.is_counted(rep_id, day)

    def spell(self, rep_id, day):
        """(hire, termination or None) of the employment that the day lies in; none outside."""
        for hired, ended in sorted(self.roster.spells(rep_id), reverse=True):
            if hired <= day and (ended is None or day <= ended):
                return hired, ended
        return None

    @cached_property
    def first_hire(self):
        return min(hired for rep_id in self.roster.history for hired, _ in self.roster.spells(rep_id))

    @cached_property
    def employed_days(self):
        """(rep, day, hire date) of every employed day up to `as_of`."""
        return [
            (rep_id, day, hired)
            for rep_id in self.roster.history
            for hired, ended in sorted(self.roster.spells(rep_id))
            for day in days(hired, min(ended or self.today, self.today))
        ]

    def scopes(self, rep_id, day):
        """What a rep's event counts under: (scope, scope_id) pairs."""
        rep_type, _, team, _ = self.who(rep_id, day)
        return ("company", "all"), ("rep_type", rep_type), ("team", team), ("rep", prefixed(rep_id))
