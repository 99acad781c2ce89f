"""E-mails, deals, people and lists: each with what is easily misread."""

from __future__ import annotations

import pytest

from pipelines.sources.header_match import squashed
from pipelines.sources.readings import objects_of
from pipelines.sources.salesforce.objects import BY_NAME

EMAIL = {"Id": "02s1G00000000001", "Status": "3", "Incoming": "false", "MessageDate": "2026-03-02T15:00:00.000Z",
         "CreatedById": "0051G000007Ez4XQAS"}  # fmt: skip
DEAL = {"Id": "0061G00000N38JZQAZ", "StageName": "Prospecting", "OwnerId": "0051G000007Ez4XQAS", "IsClosed": "false",
        "IsWon": "false", "CloseDate": "2026-03-31", "CreatedDate": "2026-02-20T10:00:00.000Z"}  # fmt: skip
LEAD = {"Id": "00Q1G00000nOMcPUAW", "OwnerId": "00G1G000000AbCd", "IsConverted": "false", "CreatedDate": "2026-02-20T10:00:00.000Z"}  # fmt: skip
CONTACT = {"Id": "0031G00001S3ckZQAR", "AccountId": "0011G00000eLwuWQAS", "IsDeleted": "false"}
USER = {"Id": "0051G000007Ez4XQAS", "Name": "Ann", "Email": "ann@example.com", "IsActive": "true"}


def test_a_draft_is_no_email(mapped):
    given = ({"Status": "5"}, {"Status": "Draft"}, {"IsPrivateDraft": "true"})
    assert mapped("EmailMessage", *(EMAIL | each for each in given)) == []


def test_an_email_names_its_twin_and_its_message_id(mapped):
    [row] = mapped("EmailMessage", EMAIL | {"ActivityId": "00T1G00003Ufap9", "MessageIdentifier": "<a@b>"})
    assert (row["copy_of_id"], row["external_id"]) == ("00T1G00003Ufap9UAB", "<a@b>")


ENDS = [
    ({}, "outbound", "sent"),
    ({"Incoming": "true", "Status": "0"}, "inbound", None),
    ({"IsBounced": "true"}, "outbound", "bounced"),
    ({"Status": "2"}, "outbound", "replied"),
    ({"IsOpened": "true"}, "outbound", "opened"),
    ({"FirstOpenedDate": "2026-03-03T00:00:00.000Z"}, "outbound", "opened"),
    ({"Incoming": None}, "unknown", "sent"),
]


def test_what_became_of_an_email(mapped):
    rows = mapped("EmailMessage", *(EMAIL | given for given, *_ in ENDS))
    assert [
        (given, row["direction"], row.get("disposition")) for (given, *_), row in zip(ENDS, rows, strict=True)
    ] == ENDS


def test_an_open_deal_is_neither_won_nor_closed(mapped):
    [row] = mapped("Opportunity", DEAL)
    assert row["expected_close_date"] == "2026-03-31"
    assert "is_won" not in row and "closed_at" not in row


def test_a_closed_deal_closed_on_its_close_date(mapped):
    closed = DEAL | {"IsClosed": "true"}
    rows = mapped(
        "Opportunity",
        closed | {"IsWon": "true", "CloseDate": "2026-03-31"},
        closed | {"IsWon": "true", "CloseDate": "2026-03-31T00:00:00.000Z"},
        closed | {"IsWon": "false", "CloseDate": "2026-03-31 00:00:00"},
    )
    assert [(row["closed_at"], row["is_won"]) for row in rows] == [
        ("2026-03-31", "true"),
        ("2026-03-31", "true"),
        ("2026-03-31", "false"),
    ]


def test_what_a_deal_sells_is_read_from_its_type(mapped):
    types = ["New Customer", "Existing Customer - Upgrade", "Renewal", "Partner"]
    rows = mapped("Opportunity", *(DEAL | {"Type": written} for written in types))
    assert [row.get("deal_type") for row in rows] == ["new", "expansion", "renewal", None]


def test_of_field_history_only_the_moves_of_stage_count(mapped):
    change = {"OpportunityId": "0061G00000N38JZ", "Field": "StageName", "OldValue": "A", "NewValue": "B", "CreatedDate": "2026-03-02T15:00:00.000Z"}  # fmt: skip
    [row] = mapped("OpportunityFieldHistory", change, change | {"Field": "Owner"}, change | {"Field": "created"})
    assert row == {"opportunity_id": "0061G00000N38JZQAZ", "from_stage": "A", "to_stage": "B", "changed_at": "2026-03-02T15:00:00.000Z"}  # fmt: skip


def test_a_versioned_copy_of_deals_tells_when_each_version_began(mapped):
    [row] = mapped("opportunity_versions", {"id": "006q000000HddohAAB", "stage_name": "Won", "_fivetran_start": "2019-10-17 21:10:19", "owner_id": "00537000004jJQP", "is_deleted": "true"})  # fmt: skip
    assert row["changed_at"] == "2019-10-17 21:10:19+00"
    assert (row["to_stage"], row["owner_rep_id"], row["is_deleted"]) == ("Won", "00537000004jJQPAA2", "true")


def test_a_lead_of_a_queue_keeps_the_queues_id(mapped):
    [row] = mapped("Lead", LEAD)
    assert row["owner_rep_id"].startswith("00G1G000000AbCd") and len(row["owner_rep_id"]) == 18
    assert "converted_at" not in row


def test_a_converted_lead_names_what_it_became(mapped):
    [row] = mapped("Lead", LEAD | {"IsConverted": "true", "ConvertedDate": "2026-03-01T00:00:00.000Z", "ConvertedContactId": "0031G00001S3ckZ", "ConvertedAccountId": "0011G00000eLwuW", "ConvertedOpportunityId": "0061G00000N38JZ"})  # fmt: skip
    assert (row["converted_at"], row["contact_id"], row["account_id"], row["opportunity_id"]) == (
        "2026-03-01",
        "0031G00001S3ckZQAR",
        "0011G00000eLwuWQAS",
        "0061G00000N38JZQAZ",
    )


@pytest.mark.parametrize("name", ["Contact", "Account"])
def test_the_loser_of_a_merge_is_merged_and_not_deleted(mapped, name):
    merged, gone = mapped(
        name,
        CONTACT | {"Name": "a", "IsDeleted": "true", "MasterRecordId": "0031G00001S3oef"},
        CONTACT | {"Name": "b", "IsDeleted": "true"},
    )
    assert (merged["merged_into_id"], merged["is_deleted"]) == ("0031G00001S3oefQAB", "false")
    assert gone["is_deleted"] == "true" and "merged_into_id" not in gone


def test_programs_are_no_people(mapped):
    rows = mapped(
        "User",
        USER | {"UserType": "Standard"},
        USER | {"UserType": "AutomatedProcess"},
        USER | {"UserType": "CloudIntegrationUser"},
        USER | {"UserType": "Standard", "Name": "Integration User"},
        USER,
    )
    assert [row["kind"] for row in rows] == ["person", "integration", "integration", "integration", "person"]


def test_queues_are_the_groups_that_own_records(mapped):
    queue = {"Id": "00G1G000000AbCd", "Name": "Inbound", "Type": "Queue"}
    [row] = mapped("Group", queue, queue | {"Type": "Regular"})
    assert row["kind"] == "queue" and len(row["user_id"]) == 18


def test_stages_say_their_order_and_outcome(mapped):
    stage = {"MasterLabel": "Proposal/Price Quote", "SortOrder": "7", "IsClosed": "false", "IsWon": "false"}
    rows = mapped("OpportunityStage", stage, stage | {"MasterLabel": "Closed Won", "IsClosed": "true", "IsWon": "true"}, stage | {"MasterLabel": "Closed Lost", "IsClosed": "true"})  # fmt: skip
    assert [(row["stage"], row["outcome"], row.get("kind")) for row in rows] == [
        ("Proposal/Price Quote", "open", "proposal"),
        ("Closed Won", "won", None),
        ("Closed Lost", "lost", None),
    ]


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_the_api_is_asked_for_exactly_what_is_read(name):
    mapping, asked = objects_of("salesforce", None)[name], BY_NAME[name]
    columns, read = {*asked.needed, *asked.wished}, set(mapping.columns())
    only_in_exports = {"Contact": {"LastName"}, "Group": {"IsDeleted"}, "User": {"IsDeleted"}}
    assert read - columns == only_in_exports.get(name, set())
    assert columns - read == set()
    assert {squashed(column) for column in mapping.needs or ()} <= {squashed(column) for column in asked.needed}
