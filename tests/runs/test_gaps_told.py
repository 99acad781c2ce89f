"""What the numbers leave out is told with what mends it: people by their role, deals by their stage."""

from __future__ import annotations

import io

from pipelines.commands.pages import Page
from pipelines.commands.uncredited import show_uncredited
from tests.cheap_nights import CHEAP

WITH_KPIS = CHEAP | {"TOUCHLINE__METRICS__SUBJECTS": "[activity, kpi]"}
DEALS = """
  - name: crm_2
    kind: mapped
    path: inbox/two/deals*.csv
    entity: opportunities
    fields: {opportunity_id: id, owner_rep_id: owner, stage: stage, created_at: created}
"""
STAGES = """
  - name: crm_2
    kind: mapped
    path: inbox/two/stages*.csv
    entity: stages
    fields: {pipeline: {const: default}, stage: name, stage_order: place, outcome: means}
"""
DEFAULT_STAGES = [
    {"pipeline": "default", "stage": "Demo", "stage_order": 1, "outcome": "open"},
    {"pipeline": "default", "stage": "Won", "stage_order": 2, "outcome": "won"},
]


def told(office) -> list[str]:
    """The lines after a night and of `status`, blank ones left out."""
    text = io.StringIO()
    show_uncredited(Page(text), office.workspace)
    return [line for line in text.getvalue().splitlines() if line]


def rep(rep_id: str, role: str) -> dict[str, object]:
    return {"rep_id": rep_id, "full_name": rep_id, "rep_type": "inside", "hire_date": "2025-01-01", "role": role}


def calls(rep_id: str, many: int) -> list[dict[str, object]]:
    return [
        {"source_record_id": f"{rep_id}-{n}", "channel": "call", "occurred_at": f"2026-03-02T15:0{n}:00Z",
         "direction": "outbound", "status": "completed", "rep_id": rep_id}
        for n in range(many)
    ]  # fmt: skip


def test_touches_of_a_role_that_does_not_count_are_told_until_it_counts(office, settings_text):
    office.environment = WITH_KPIS
    roles = {"R1": "SDR", "R2": "", "R3": "Manager", "R4": "VP", "R5": "Account Executive", "R6": "Coach", "R7": "Idle"}
    office.deliver("reps.csv", [*(rep(*one) for one in roles.items()), rep("R8", "Account Executive")])
    many = {"R1": 9, "R2": 9, "R3": 3, "R4": 1, "R5": 4, "R6": 1, "R8": 2}
    office.deliver("activities.csv", [call for one in many.items() for call in calls(*one)])
    office.night()
    assert told(office) == [
        "Not counted: 11 touches of 5 people whose role does not count as a rep: Account Executive, Manager, Coach and"
        " 1 other role",
        "  → If they sell, add the role to metrics.counts_as_rep in touchline.yaml",
    ]
    office.configure(f"{settings_text}metrics: {{counts_as_rep: [sdr, Account Executive, Manager, coach]}}\n")
    office.night()
    assert told(office)[:1] == ["Not counted: 1 touch of 1 person whose role does not count as a rep: VP"]


def test_deals_in_unknown_stages_are_told_until_their_own_source_has_stages(office, settings_text):
    office.configure(settings_text + DEALS)
    office.deliver("reps.csv", [rep("R1", "Manager")])
    deals = [{"id": f"O{n}", "owner": "R1", "stage": stage} for n, stage in enumerate(("Demo", "Demo", "Won"))]
    office.deliver("deals.csv", [{**deal, "created": "2026-03-02 10:00"} for deal in deals], "inbox/two")
    own = {"owner_rep_id": "R1", "stage": "Demo", "created_at": "2026-03-02T15:00:00Z"}
    office.deliver("opportunities.csv", [{"opportunity_id": "O9", **own}])
    unknown = "Stages unknown: {} of the source {}, in {} that no `stages` file of it names (table ops.unknown_stage)"
    remedy = (
        "  → Deliver a stages.csv into that source's folder; of a mapped source, a second entry of its name with"
        " `entity: stages` (docs/sources.md)"
    )
    of_two = unknown.format("3 deals", "crm_2", "2 stages")
    office.night()
    assert told(office) == [unknown.format("1 deal", "crm", "1 stage"), of_two, remedy]

    office.deliver("stages.csv", DEFAULT_STAGES)
    office.night()
    assert told(office) == [of_two, remedy]

    office.configure(settings_text + DEALS + STAGES)
    rows = [{"name": one["stage"], "place": one["stage_order"], "means": one["outcome"]} for one in DEFAULT_STAGES]
    office.deliver("stages.csv", rows, "inbox/two")
    office.night()
    assert told(office) == []


def test_a_stage_in_which_no_deal_stands_any_more_is_no_gap(office):
    office.deliver("stages.csv", DEFAULT_STAGES)
    office.deliver("reps.csv", [rep("R1", "sdr")])
    office.deliver("opportunities.csv", [{"opportunity_id": "O1", "stage": "Won", "owner_rep_id": "R1"}])
    move = {"opportunity_id": "O1", "from_stage": "Old", "to_stage": "Won", "changed_at": "2026-03-02T15:00:00Z"}
    office.deliver("stage_changes.csv", [move])
    office.night()
    assert office.query("select stage from ops.unknown_stage") == [("Old",)]
    assert told(office) == []
