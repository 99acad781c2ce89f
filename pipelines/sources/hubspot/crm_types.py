"""What is asked of HubSpot's CRM: object types, the properties that the mappings read, scopes. No requests here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pipelines.sources.extraction.pages import ApiObject

ARCHIVED = "_archived"
IDS = "_ids"
INDEX_LAG = timedelta(minutes=10)
"""HubSpot's search sees a change "a few moments" later: a window ends this long before now."""
_CONTACTS = "crm.objects.contacts.read"
_DEALS = "crm.objects.deals.read"
_COMPANIES = "crm.objects.companies.read"
_OWNERS = "crm.objects.owners.read"


@dataclass(frozen=True)
class CrmType:
    """An object type. `needed` properties must exist in the account (HubSpot leaves out unknown ones without a word);
    `wanted` ones depend on the account's products. `history` names the properties whose versions are asked for.
    """

    name: str
    scope: str
    needed: tuple[str, ...]
    wanted: tuple[str, ...] = ()
    modified: str = "hs_lastmodifieddate"
    associations: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()

    @property
    def properties(self) -> tuple[str, ...]:
        """What is asked for: only these come back."""
        return (*self.needed, *self.wanted)

    @property
    def is_activity(self) -> bool:
        """Whether it is something that a rep did."""
        return self.name in ACTIVITY_NAMES


ACTIVITY_NAMES = ("calls", "emails", "meetings", "tasks", "communications", "notes")


def _activity(name: str, needed: tuple[str, ...], wanted: tuple[str, ...] = ()) -> CrmType:
    shared = ("hs_timestamp", "hubspot_owner_id", "hs_createdate", "hs_lastmodifieddate")
    return CrmType(
        name, _CONTACTS, (*shared, *needed), (*wanted, "hs_gdpr_deleted"),
        associations=("contacts", "companies", "deals"),
    )  # fmt: skip


CRM_TYPES = {
    crm_type.name: crm_type
    for crm_type in (
        _activity(
            "calls",
            ("hs_call_direction", "hs_call_disposition", "hs_call_duration", "hs_call_status", "hs_call_title"),
            ("hs_call_external_id", "hs_call_video_recording_url", "hs_call_zoom_meeting_uuid"),
        ),
        _activity(
            "emails",
            ("hs_email_direction", "hs_email_status", "hs_email_subject"),
            ("hs_email_message_id", "hs_email_open_count", "hs_email_click_count", "hs_email_reply_count",
             "hs_email_bounce_error_detail_status_code"),
        ),
        _activity(
            "meetings",
            ("hs_meeting_start_time", "hs_meeting_end_time", "hs_meeting_outcome", "hs_meeting_title"),
            ("hs_i_cal_uid", "hs_meeting_location", "hs_meeting_location_type", "hs_meeting_external_url",
             "hs_meeting_web_conference_meeting_id"),
        ),
        _activity("tasks", ("hs_task_status", "hs_task_subject"), ("hs_task_completion_date",)),
        _activity("communications", ("hs_communication_channel_type",)),
        _activity("notes", ()),
        CrmType(
            "deals", _DEALS,
            ("dealstage", "pipeline", "amount", "closedate", "createdate", "hs_lastmodifieddate", "hubspot_owner_id"),
            ("deal_currency_code", "dealtype", "hs_is_closed_won", "hs_is_closed", "hs_analytics_source", "hs_merged_object_ids"),
            associations=("contacts", "companies"), history=("dealstage",), merged=("hs_merged_object_ids",),
        ),
        CrmType(
            "contacts", _CONTACTS,
            ("email", "phone", "createdate", "lastmodifieddate", "associatedcompanyid"),
            ("hs_calculated_merged_vids", "hs_merged_object_ids"),
            modified="lastmodifieddate", merged=("hs_calculated_merged_vids", "hs_merged_object_ids"),
        ),
        CrmType(
            "companies", _COMPANIES,
            ("name", "industry", "country", "createdate", "hs_lastmodifieddate"),
            ("hs_merged_object_ids",), merged=("hs_merged_object_ids",),
        ),
    )
}  # fmt: skip


def api_objects(only: tuple[str, ...]) -> tuple[ApiObject, ...]:
    """Everything that can be asked for, what others refer to first; `only` names object types, or is empty for all."""
    chosen = [crm_type for crm_type in CRM_TYPES.values() if not only or crm_type.name in only]
    return (
        *(listed for listed in _DIRECTORIES if not only or listed.name in only),
        *(ApiObject(t.name, "changes", t.scope, lag=INDEX_LAG) for t in chosen),
        *(ApiObject(t.name + ARCHIVED, "whole", t.scope) for t in chosen),
        *(ApiObject(t.name + IDS, "ids", t.scope, of=t.name) for t in chosen if t.is_activity),
    )


_DIRECTORIES = (
    ApiObject("owners", "whole", _OWNERS),
    ApiObject("pipelines", "whole", _DEALS),
    ApiObject("call_dispositions", "whole", _CONTACTS, is_optional=True),
)
