"""The contracts of everything that is not an event: people, companies, deals, plans, money."""

from typing import Annotated, ClassVar

from pydantic import Field

from models.fields import (
    Count,
    Currency,
    Day,
    Flag,
    Id,
    Instant,
    Money,
    Month,
    Order,
    Rate,
    RepId,
    RepWord,
    Share,
    Word,
    word_of,
)
from models.records import NotBefore, NotItself, Record, RowRule
from models.vocabulary import (
    DealType,
    PeriodGrain,
    Precision,
    RepType,
    SourceType,
    SpendCategory,
    StageOutcome,
    TerminationKind,
    UserKind,
)


class Rep(Record):
    """One row of a rep's history: who they were from `effective_from` on."""

    ENTITY: ClassVar[str] = "reps"
    KEY: ClassVar[tuple[str, ...]] = ("rep_id", "effective_from")
    KEY_DEFAULTS: ClassVar[dict[str, str]] = {"effective_from": "hire_date"}
    ROW_RULES: ClassVar[tuple[RowRule, ...]] = (NotBefore("termination_date", "hire_date"),)

    rep_id: RepId = Field(description="The roster's id of the rep.")
    full_name: RepWord = Field(description="The rep's name.")
    rep_type: Annotated[str, word_of(RepType)] = Field(description="How the rep sells.")
    hire_date: Day = Field(description="First day of the employment spell; a rehire is a row with a new one.")
    email: RepWord | None = Field(
        None, description="The rep's e-mail; equal addresses join one person's ids of two systems."
    )
    role: Word | None = Field(
        None, description="sdr, ae, csm, field_rep, sales_manager, sales_support, or the company's own word."
    )
    team: Word | None = Field(None, description="The team, as the source writes it.")
    manager_rep_id: RepId | None = Field(None, description="The manager's rep id.")
    territory: Word | None = Field(None, description="The territory.")
    country: Word | None = Field(
        None, description="Country of the rep's holidays (ISO 3166 code); blank is the company's default."
    )
    termination_date: Day | None = Field(None, description="Last day of the employment spell.")
    termination_kind: Annotated[str, word_of(TerminationKind)] | None = Field(None, description="Who ended it.")
    effective_from: Day | None = Field(None, description="First day on which this row holds; blank is the hire date.")


class Account(Record):
    """A company that is sold to."""

    ENTITY: ClassVar[str] = "accounts"
    KEY: ClassVar[tuple[str, ...]] = ("account_id",)
    ROW_RULES: ClassVar[tuple[RowRule, ...]] = (NotItself("merged_into_id", "account_id"),)

    account_id: Id = Field(description="The source's id.")
    name: Word | None = Field(None, description="Its name.")
    industry: Word | None = Field(None, description="Its industry.")
    country: Word | None = Field(None, description="Its country.")
    created_at: Instant | None = Field(None, description="When it was entered.")
    merged_into_id: Id | None = Field(None, description="The account it was merged into.")


class Contact(Record):
    """A person who is sold to."""

    ENTITY: ClassVar[str] = "contacts"
    KEY: ClassVar[tuple[str, ...]] = ("contact_id",)
    PRIVATE: ClassVar[tuple[str, ...]] = ("full_name", "email", "phone")
    ROW_RULES: ClassVar[tuple[RowRule, ...]] = (NotItself("merged_into_id", "contact_id"),)

    contact_id: Id = Field(description="The source's id.")
    account_id: Id | None = Field(None, description="The contact's account.")
    full_name: Word | None = Field(None, description="Name; kept in private.duckdb only.")
    email: Word | None = Field(None, description="E-mail; kept in private.duckdb only.")
    phone: Word | None = Field(None, description="Phone; kept in private.duckdb only.")
    created_at: Instant | None = Field(None, description="When it was entered.")
    merged_into_id: Id | None = Field(None, description="The contact it was merged into.")


class Lead(Record):
    """A possible customer, before there is a deal."""

    ENTITY: ClassVar[str] = "leads"
    KEY: ClassVar[tuple[str, ...]] = ("lead_id",)
    PRECISION: ClassVar[dict[str, str]] = {"created_at": "created_at_precision"}

    lead_id: Id = Field(description="The source's id.")
    created_at: Instant = Field(
        description="When the lead came in; a date without a time is that day in the company's zone."
    )
    created_at_precision: Annotated[str, word_of(Precision)] | None = Field(
        None, description="Whether created_at is an instant or only a day, which has no speed."
    )
    owner_rep_id: RepId | None = Field(None, description="Its owner.")
    source_type: Annotated[str, word_of(SourceType)] | None = Field(None, description="Who found it.")
    lead_source: Word | None = Field(None, description="Where it came from, in the source's words.")
    status: Word | None = Field(None, description="Its status, in the source's words.")
    converted_at: Instant | None = Field(None, description="When it was converted.")
    account_id: Id | None = Field(None, description="Its account after conversion.")
    contact_id: Id | None = Field(None, description="Its contact after conversion.")
    opportunity_id: Id | None = Field(None, description="Its deal after conversion.")


class Opportunity(Record):
    """A deal."""

    ENTITY: ClassVar[str] = "opportunities"
    KEY: ClassVar[tuple[str, ...]] = ("opportunity_id",)
    ROW_RULES: ClassVar[tuple[RowRule, ...]] = (NotItself("merged_into_id", "opportunity_id"),)

    opportunity_id: Id = Field(description="The source's id.")
    stage: Word = Field(description="The stage it stands in, as the source writes it.")
    owner_rep_id: RepId | None = Field(None, description="Its owner; blank is unattributed.")
    created_at: Instant | None = Field(None, description="When it was created.")
    amount: Money | None = Field(None, description="Its amount, in its currency.")
    currency: Currency | None = Field(None, description="Its currency; blank is the company's.")
    pipeline: Word | None = Field(None, description="Its pipeline; blank is `default`.")
    deal_type: Annotated[str, word_of(DealType)] | None = Field(None, description="What it sells.")
    account_id: Id | None = Field(None, description="Its account.")
    contact_id: Id | None = Field(None, description="Its contact.")
    lead_id: Id | None = Field(None, description="The lead it came from.")
    source_type: Annotated[str, word_of(SourceType)] | None = Field(
        None, description="Who found it; blank is its lead's."
    )
    lead_source: Word | None = Field(None, description="Where it came from, in the source's words.")
    expected_close_date: Day | None = Field(None, description="When it is expected to close.")
    closed_at: Instant | None = Field(None, description="When it closed.")
    is_won: Flag | None = Field(None, description="True when won, false when lost; blank is the stage's outcome.")
    merged_into_id: Id | None = Field(None, description="The deal it was merged into.")


class StageChange(Record):
    """One move of a deal into a stage."""

    ENTITY: ClassVar[str] = "stage_changes"
    KEY: ClassVar[tuple[str, ...]] = ("opportunity_id", "changed_at", "to_stage")

    opportunity_id: Id = Field(description="The deal.")
    to_stage: Word = Field(description="The stage it moved into.")
    changed_at: Instant = Field(description="When it moved.")
    from_stage: Word | None = Field(None, description="The stage it left.")
    changed_by_rep_id: RepId | None = Field(None, description="Who moved it.")
    owner_rep_id: RepId | None = Field(None, description="The deal's owner from then on.")
    amount: Money | None = Field(None, description="The deal's amount from then on.")


class Stage(Record):
    """A stage of a pipeline."""

    ENTITY: ClassVar[str] = "stages"
    KEY: ClassVar[tuple[str, ...]] = ("pipeline", "stage")

    pipeline: Word = Field(description="The pipeline.")
    stage: Word = Field(description="The stage, as deals name it.")
    stage_order: Order = Field(description="Its place in the pipeline, from 0 up.")
    outcome: Annotated[str, word_of(StageOutcome)] = Field(description="What standing in it means.")
    probability: Share | None = Field(None, description="Chance to win, 0 to 1.")
    kind: Word | None = Field(None, description="What it stands for, such as `proposal`.")


class Contract(Record):
    """A customer's running agreement."""

    ENTITY: ClassVar[str] = "contracts"
    KEY: ClassVar[tuple[str, ...]] = ("contract_id",)
    ROW_RULES: ClassVar[tuple[RowRule, ...]] = (NotBefore("end_date", "start_date"),)

    contract_id: Id = Field(description="The source's id.")
    account_id: Id = Field(description="The customer.")
    start_date: Day = Field(description="First day.")
    end_date: Day | None = Field(None, description="Last day; blank is open-ended.")
    monthly_amount: Money | None = Field(None, description="Revenue a month, in its currency.")
    currency: Currency | None = Field(None, description="Its currency; blank is the company's.")
    renewed_by_contract_id: Id | None = Field(None, description="The contract that renews it.")
    cancelled_date: Day | None = Field(None, description="When it was cancelled.")


class Spend(Record):
    """What sales or marketing cost in a month."""

    ENTITY: ClassVar[str] = "spend"
    KEY: ClassVar[tuple[str, ...]] = ("month", "category", "team", "currency")

    month: Month = Field(description="The month: YYYY-MM or any day of it.")
    category: Annotated[str, word_of(SpendCategory)] = Field(description="What it was spent on.")
    amount: Money = Field(description="The amount, in its currency.")
    currency: Currency | None = Field(None, description="Its currency; blank is the company's.")
    team: Word | None = Field(None, description="The team it was spent on.")


class Forecast(Record):
    """What somebody said would be won in a period."""

    ENTITY: ClassVar[str] = "forecasts"
    KEY: ClassVar[tuple[str, ...]] = ("period_start", "period_grain", "submitted_at", "rep_id", "team")

    period_start: Day = Field(description="First day of the period.")
    period_grain: Annotated[str, word_of(PeriodGrain)] = Field(description="Its length.")
    submitted_at: Instant = Field(description="When it was said.")
    amount: Money = Field(description="The amount, in its currency.")
    currency: Currency | None = Field(None, description="Its currency; blank is the company's.")
    rep_id: RepId | None = Field(None, description="Whose wins; blank is a team's or the company's.")
    team: Word | None = Field(None, description="Which team's wins.")


class Quota(Record):
    """What a rep has to win in a period."""

    ENTITY: ClassVar[str] = "quotas"
    KEY: ClassVar[tuple[str, ...]] = ("period_start", "period_grain", "rep_id")

    period_start: Day = Field(description="First day of the period.")
    period_grain: Annotated[str, word_of(PeriodGrain)] = Field(description="Its length.")
    rep_id: RepId = Field(description="The rep.")
    amount: Money = Field(description="The amount, in its currency.")
    currency: Currency | None = Field(None, description="Its currency; blank is the company's.")


class ActivityTarget(Record):
    """How much of an activity is asked for in a period."""

    ENTITY: ClassVar[str] = "activity_targets"
    KEY: ClassVar[tuple[str, ...]] = ("metric", "period_grain", "effective_from", "rep_id", "role", "rep_type")

    metric: Word = Field(description="Which metric of marts.target_attainment.")
    target: Count = Field(description="How much a period.")
    period_grain: Annotated[str, word_of(PeriodGrain)] = Field(description="The period.")
    effective_from: Day = Field(description="From when on.")
    rep_id: RepId | None = Field(None, description="For one rep.")
    role: Word | None = Field(None, description="For a role.")
    rep_type: Annotated[str, word_of(RepType)] | None = Field(None, description="For a rep type.")


class ExchangeRate(Record):
    """What one unit of a currency was worth on a day."""

    ENTITY: ClassVar[str] = "exchange_rates"
    KEY: ClassVar[tuple[str, ...]] = ("rate_date", "from_currency", "to_currency")

    rate_date: Day = Field(description="The day.")
    from_currency: Currency = Field(description="From.")
    to_currency: Currency = Field(description="To.")
    rate: Rate = Field(description="Units of `to` for one unit of `from`.")


class RepAlias(Record):
    """Says that a rep of one source is a rep of the roster."""

    ENTITY: ClassVar[str] = "rep_aliases"
    KEY: ClassVar[tuple[str, ...]] = ("source", "source_rep_id")

    source: Word = Field(description="The source that uses the other id.")
    source_rep_id: RepId = Field(description="The id it uses.")
    rep_id: RepId = Field(description="The roster's rep id.")


class TimeOff(Record):
    """Whole days that are no workdays for a rep."""

    ENTITY: ClassVar[str] = "time_off"
    KEY: ClassVar[tuple[str, ...]] = ("rep_id", "start_date", "kind")
    ROW_RULES: ClassVar[tuple[RowRule, ...]] = (NotBefore("end_date", "start_date"),)

    rep_id: RepId = Field(description="The rep.")
    start_date: Day = Field(description="First day off.")
    end_date: Day = Field(description="Last day off.")
    kind: Word | None = Field(None, description="What for.")


class User(Record):
    """An account of a source: who or what its rep ids stand for. It is no roster: nobody is employed by being here."""

    ENTITY: ClassVar[str] = "users"
    KEY: ClassVar[tuple[str, ...]] = ("user_id",)

    user_id: RepId = Field(description="The id by which the source's other records name the account.")
    kind: Annotated[str, word_of(UserKind)] = Field(description="A person, a queue of work, or another program.")
    full_name: RepWord | None = Field(None, description="Its name.")
    email: RepWord | None = Field(
        None, description="The person's e-mail; the one roster rep with the same address is meant."
    )
    is_active: Flag | None = Field(None, description="False when it can no longer be used; blank is true.")
    created_at: Instant | None = Field(None, description="When it was made.")
