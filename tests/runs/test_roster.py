"""A roster that contradicts itself: within a row the row is quarantined, between rows the night warns."""

import pytest

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside"}
SPELLS = {
    "a_rehire_the_day_after": (("2025-01-01", "2025-06-30"), ("2025-07-01", ""), None),
    "a_rehire_on_the_last_day": (("2025-01-01", "2025-06-30"), ("2025-06-30", ""), 1),
    "a_rehire_before_the_end": (("2025-01-01", "2025-06-30"), ("2025-03-01", "2025-12-31"), 1),
    "a_rehire_with_no_end_of_the_first": (("2025-01-01", ""), ("2025-07-01", ""), 1),
}


@pytest.mark.parametrize("case", SPELLS)
def test_spells_that_overlap_are_a_warning(office, case):
    *spells, failing = SPELLS[case]
    office.deliver("reps.csv", [{**REP, "hire_date": hired, "termination_date": left} for hired, left in spells])
    outcome = office.night()
    assert outcome.status == "published"
    told = [(check["check_name"], check["severity"], check["failing_rows"]) for check in outcome.failed_checks]
    assert told == ([] if failing is None else [("spells_follow", "warn", failing)])


def test_a_termination_before_the_hire_is_quarantined(office):
    office.deliver("reps.csv", [{**REP, "hire_date": "2025-06-01", "termination_date": "2025-05-31"}])
    office.night()
    assert office.query("select field, rule from quarantine.rejected") == [("termination_date", "before_its_start")]
    assert office.query("select count(*) from core.latest_reps") == [(0,)]
