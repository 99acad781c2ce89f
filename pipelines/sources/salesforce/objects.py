"""What is asked of Salesforce: the objects, and of each only the columns that a mapping reads.

What belongs here: names. What does not: how they are asked for. No bodies of e-mails and no descriptions are read: they
hold what people wrote, and no metric needs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.sources.extraction.pages import ApiObject

IDS = "_ids"


@dataclass(frozen=True)
class SalesforceObject:
    """An sObject: `needed` columns must be readable, `wished` ones are read where the org has them.

    `changed` is the column that a window cuts by; None asks for the whole table. `where` narrows it always. What
    `can_vanish` is purged without a trace now and then (activities are the records that are deleted in bulk).
    """

    name: str
    needed: tuple[str, ...]
    wished: tuple[str, ...] = ()
    changed: str | None = "SystemModstamp"
    where: str | None = None
    is_optional: bool = False
    can_vanish: bool = False

    @property
    def scope(self) -> str:
        """The permission in Salesforce's own words."""
        return f"Read on {self.name}"


_AUDIT = ("CreatedDate", "SystemModstamp")
_RECORD = (*_AUDIT, "IsDeleted")

OBJECTS = (
    SalesforceObject(
        "Task",
        ("Id", "OwnerId", "Status", "IsClosed", "ActivityDate", *_RECORD),
        (
            *("CompletedDateTime", "TaskSubtype", "Type", "Subject", "CallType", "CallDisposition"),
            *("CallDurationInSeconds", "WhoId", "WhatId", "AccountId", "IsRecurrence"),
        ),
        can_vanish=True,
    ),
    SalesforceObject(
        "Event",
        ("Id", "OwnerId", "StartDateTime", "IsAllDayEvent", "ActivityDate", *_RECORD),
        (
            *("EndDateTime", "DurationInMinutes", "Type", "Subject", "Location", "WhoId", "WhatId"),
            *("AccountId", "CreatedById", "IsChild", "IsRecurrence", "GroupEventType", "ShowAs"),
        ),
        can_vanish=True,
    ),
    SalesforceObject(
        "EmailMessage",
        ("Id", "Status", "Incoming", "MessageDate", "CreatedById", *_RECORD),
        (
            *("ActivityId", "RelatedToId", "Subject", "IsBounced", "IsOpened", "FirstOpenedDate"),
            *("IsPrivateDraft", "MessageIdentifier"),
        ),
        is_optional=True,
        can_vanish=True,
    ),
    SalesforceObject(
        "Opportunity",
        ("Id", "StageName", "OwnerId", "CloseDate", "IsClosed", "IsWon", *_RECORD),
        ("AccountId", "ContactId", "Amount", "CurrencyIsoCode", "Type", "LeadSource"),
    ),
    SalesforceObject(
        "OpportunityHistory",
        ("OpportunityId", "StageName", "CreatedDate"),
        ("Amount", "CreatedById", "IsDeleted"),
        changed="CreatedDate",
    ),
    SalesforceObject(
        "OpportunityFieldHistory",
        ("OpportunityId", "Field", "OldValue", "NewValue", "CreatedDate"),
        ("CreatedById", "IsDeleted"),
        changed="CreatedDate",
        where="Field = 'StageName'",
        is_optional=True,
    ),
    SalesforceObject(
        "Lead",
        ("Id", "OwnerId", "Status", "IsConverted", *_RECORD),
        ("LeadSource", "ConvertedDate", "ConvertedAccountId", "ConvertedContactId", "ConvertedOpportunityId"),
    ),
    SalesforceObject("Contact", ("Id", "AccountId", *_RECORD), ("Name", "Email", "Phone", "MasterRecordId")),
    SalesforceObject("Account", ("Id", "Name", *_RECORD), ("Industry", "BillingCountry", "MasterRecordId")),
    SalesforceObject("User", ("Id", "Name", "Email", "IsActive", *_AUDIT), ("UserType",), changed=None),
    SalesforceObject("Group", ("Id", "Name", "Type", *_AUDIT), changed=None, where="Type = 'Queue'", is_optional=True),
    SalesforceObject(
        "OpportunityStage",
        ("MasterLabel", "SortOrder", "IsClosed", "IsWon"),
        ("ApiName", "SystemModstamp"),
        changed=None,
    ),
)
"""In the order of asking: activities first, so that a night whose allowance ends early has what moves the metrics."""

BY_NAME = {each.name: each for each in OBJECTS}


def api_objects() -> tuple[ApiObject, ...]:
    """The objects, then the lists of ids by which purged records are found."""
    return (*(_asked(each) for each in OBJECTS), *(_ids_of(each) for each in OBJECTS if each.can_vanish))


def _asked(each: SalesforceObject) -> ApiObject:
    kind: Literal["changes", "whole"] = "changes" if each.changed else "whole"
    return ApiObject(each.name, kind, each.scope, form="csv", is_optional=each.is_optional)


def _ids_of(each: SalesforceObject) -> ApiObject:
    return ApiObject(each.name + IDS, "ids", each.scope, form="csv", of=each.name, is_optional=each.is_optional)
