"""The event contract: one row is one thing a rep did, or will do."""

from typing import Annotated, ClassVar

from pydantic import Field

from models.fields import Flag, Id, IdList, Instant, RepId, Seconds, SharedId, Text, Word, word_of
from models.records import Record
from models.vocabulary import Basis, Channel, Direction, MeetingMode, Precision, Status


class Activity(Record):
    """One call, e-mail, meeting, social touch, text, task or note, as its source tells it."""

    ENTITY: ClassVar[str] = "activities"
    KEY: ClassVar[tuple[str, ...]] = ("source_record_id",)
    PRECISION: ClassVar[dict[str, str]] = {"occurred_at": "occurred_at_precision"}

    source_record_id: Id = Field(description="The source's id of the activity.")
    channel: Annotated[str, word_of(Channel)] = Field(description="How the other side was reached.")
    occurred_at: Instant = Field(
        description="When it took place; a date without a time is that day in the company's zone."
    )
    rep_id: RepId | None = Field(None, description="Who performed it, as the source names them; blank is unattributed.")
    booked_by_rep_id: RepId | None = Field(None, description="Who booked the meeting, when that was somebody else.")
    occurred_at_precision: Annotated[str, word_of(Precision)] | None = Field(
        None, description="Whether occurred_at is an instant or only a day."
    )
    occurred_at_basis: Annotated[str, word_of(Basis)] | None = Field(None, description="What the source's time means.")
    is_bulk: Flag | None = Field(None, description="True for one message to a list.")
    direction: Annotated[str, word_of(Direction)] | None = Field(
        None, description="Who reached out to whom; blank is unknown."
    )
    status: Annotated[str, word_of(Status)] | None = Field(
        None,
        description="What became of it; blank is completed up to as_of, else scheduled, and a meeting of a source without assume_past_meetings_held is scheduled.",
    )
    disposition: Word | None = Field(
        None, description="How a call or an e-mail ended, in metrics.md's words; other words are kept beside `other`."
    )
    meeting_mode: Annotated[str, word_of(MeetingMode)] | None = Field(None, description="Where a meeting took place.")
    duration_seconds: Seconds | None = Field(None, description="How long it took; blank is ended_at less occurred_at.")
    ended_at: Instant | None = Field(None, description="When it ended.")
    account_id: Id | None = Field(None, description="The account it was about.")
    contact_id: Id | None = Field(None, description="The contact it was with.")
    contact_ids: IdList | None = Field(None, description="All contacts it was with.")
    lead_id: Id | None = Field(None, description="The lead it was with.")
    opportunity_id: Id | None = Field(None, description="The deal it was about.")
    subject: Text | None = Field(None, description="Its subject line; stored only when privacy.keep_subjects is true.")
    created_at: Instant | None = Field(
        None, description="When it was entered in the source; for a meeting, when it was booked."
    )
    external_id: SharedId | None = Field(
        None,
        description="An id that copies of it in other systems share: a Message-ID, a calendar's UID, a call's id; in lower case, without <>.",
    )
    copy_of_id: Id | None = Field(
        None, description="The activity of the same source that this one tells again in full."
    )
