"""What `touchline doctor` says about a Pipedrive account."""

from __future__ import annotations

from tests.sources.fakes.server import Fault


def found(account):
    return {probe.what: probe.problem for probe in account.probes()}


def test_a_good_token_passes_everywhere(vendor, account):
    vendor.put("deals", id=1)
    probes = found(account)
    assert set(probes.values()) == {None}
    assert {"token", "admin rights", "deal_changelog (deals:read)", "users (users:read)"} < set(probes)
    assert list(probes)[-1] == "daily allowance (Pipedrive does not say)"
    assert all(request.query.get("limit", "1") == "1" for request in vendor.asked)


def test_a_wrong_token_is_all_that_is_said(open_account):
    assert found(open_account(token="wrong")) == {"token": "Pipedrive refuses the token (401)"}


def test_a_missing_scope_names_the_object(vendor, account):
    vendor.put("deals", id=1)
    vendor.refused = {"/persons", "/callLogs", "/changelog"}
    missing = {what for what, problem in found(account).items() if problem is not None}
    assert missing == {
        "persons (contacts:read)", "call_logs (phone-integration)",
        "deal_changelog (deals:read)",
    }  # fmt: skip


def test_a_user_who_is_no_admin_is_told(vendor, account):
    vendor.is_admin = False
    assert found(account)["admin rights"] == "the token's user is no admin"


def test_what_is_left_of_the_day_is_told(vendor, account):
    vendor.tokens_a_day = 30_000
    assert "daily allowance (29,840 of 30,000 tokens left today)" in found(account)


def test_a_small_allowance_is_told(vendor, account):
    vendor.tokens_a_day, vendor.tokens_used = 1_000, 850
    problems = found(account)
    assert "used up" in problems["daily allowance (140 of 1,000 tokens left today)"]
    assert "used up" in problems["users (users:read)"]


def test_nothing_is_raised_when_it_is_down(vendor, account):
    vendor.faults = [Fault(".", "status", times=10_000)]
    assert list(found(account)) == ["token"]
