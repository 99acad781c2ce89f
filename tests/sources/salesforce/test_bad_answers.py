"""What goes wrong says what it is and what to do; nothing half comes through."""

from __future__ import annotations

import pytest

from models.errors import SettingsError
from pipelines.sources.extraction.faults import BudgetError, DeniedError, ExtractionError, GarbledError
from tests.sources.fakes.server import Fault


def test_the_orgs_own_address_is_needed(read):
    with pytest.raises(SettingsError, match="My Domain"):
        read(base_url=None)


@pytest.mark.parametrize("host", ["https://login.salesforce.com", "https://test.salesforce.com/"])
def test_the_login_page_of_all_orgs_is_no_address(read, host):
    with pytest.raises(SettingsError, match="login page of all orgs"):
        read(base_url=host)


def test_secrets_do_not_cross_the_network_in_the_clear(read):
    with pytest.raises(SettingsError, match="in the clear"):
        read(base_url="http://acme.my.salesforce.com")


@pytest.mark.parametrize("path", ["/oauth2/token", "/describe"])
def test_an_org_that_moved_is_told_and_not_followed(salesforce, read, path):
    salesforce.faults.append(Fault(path, "status", times=9, status=302, headers={"Location": "https://example.com/"}))
    with pytest.raises(ExtractionError, match="to another address"):
        read().rows("Task")


def test_a_wrong_secret_is_named(read):
    with pytest.raises(DeniedError, match=r"(?s)invalid_client: invalid client credentials.*Client Credentials Flow"):
        read(secrets={"client_id": "x", "client_secret": "y"}).rows("Task")


def test_an_app_that_runs_as_nobody_is_named(salesforce, read):
    salesforce.org.runs_as_somebody = False
    with pytest.raises(DeniedError, match=r"(?s)no client credentials user enabled.*run-as user"):
        read().rows("Task")


def test_a_ready_token_that_ended_cannot_be_renewed(salesforce, read):
    salesforce.tokens.add("ready")
    reader = read(secrets={"token": "ready"})
    assert reader.rows("Task") == []
    salesforce.log_out()

    with pytest.raises(DeniedError, match=r"refuses the token \(401, INVALID_SESSION_ID\)"):
        reader.rows("Task")
    assert salesforce.logins == 0


def test_a_renewed_token_that_is_refused_too_is_not_renewed_for_ever(salesforce, read):
    salesforce.faults.append(Fault("/describe", "status", times=99, status=401))
    with pytest.raises(DeniedError, match="refuses the token"):
        read().rows("Task")
    assert salesforce.logins == 2


def test_an_object_that_the_user_may_not_read_is_named(salesforce, read):
    salesforce.org.hidden_objects = {"Lead"}
    with pytest.raises(DeniedError, match=r"(?s)Read on Lead.*permission set"):
        read().rows("Lead")


def test_a_list_of_ids_of_a_hidden_object_names_it_too(salesforce, read):
    salesforce.org.hidden_objects = {"Task"}
    with pytest.raises(DeniedError, match=r"(?s)Read on Task.*permission set"):
        read().rows("Task_ids")


def test_a_needed_field_that_is_hidden_is_named(salesforce, read):
    salesforce.org.hidden_fields = {"Task.ActivityDate", "Task.IsClosed"}
    with pytest.raises(DeniedError, match=r"(?s)ActivityDate, IsClosed \(Read on Task\).*field-level security"):
        read().rows("Task")


def test_a_field_that_is_hidden_meanwhile_is_named(salesforce, read):
    reader = read()
    reader.rows("Task")
    salesforce.org.hidden_fields = {"Task.Subject"}
    with pytest.raises(DeniedError, match=r"(?s)field Subject \(Read on Task\).*field-level security"):
        reader.rows("Task")


def test_an_api_that_is_off_is_named(salesforce, read):
    salesforce.org.is_api_on = False
    with pytest.raises(DeniedError, match=r"(?s)API_DISABLED_FOR_ORG.*API Enabled"):
        read().rows("Task")


def test_a_job_that_failed_says_why(salesforce, read):
    salesforce.org.failing = {"Task": "InternalServerError:retried more than fifteen times"}
    with pytest.raises(ExtractionError, match="ended as Failed: InternalServerError:retried more than fifteen"):
        read().rows("Task")


def test_a_job_that_failed_for_want_of_a_permission_names_it(salesforce, read):
    salesforce.org.failing = {"Task": "INSUFFICIENT_ACCESS: no"}
    with pytest.raises(DeniedError, match="Read on Task"):
        read().rows("Task")


@pytest.mark.parametrize("how", ["html", "cut", "error_200", "hang_up"])
def test_a_spoiled_page_of_results_is_asked_for_again(salesforce, read, tasks, how):
    salesforce.org.add("Task", tasks(9))
    salesforce.faults.append(Fault("/results", how, times=2))
    assert len(read().ids("Task")) == 9


@pytest.mark.parametrize("how", ["html", "cut", "error_200"])
@pytest.mark.parametrize("path", ["/describe", r"/jobs/query$", r"/jobs/query/750\d+$", "/results", "/oauth2/token"])
def test_answers_that_are_none_end_with_an_error(salesforce, read, tasks, how, path):
    salesforce.org.add("Task", tasks(9))
    salesforce.faults.append(Fault(path, how, times=99))
    with pytest.raises(GarbledError):
        read().rows("Task")


def test_a_page_that_lost_its_last_line_is_noticed(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(3))
    right = salesforce.answer

    def shortened(request):
        response = right(request)
        if not request.path.endswith("/results"):
            return response
        lines = response.body.split(b'\n"00T')
        return type(response)(b'\n"00T'.join(lines[:-1]) + b"\n", 200, response.headers)

    salesforce.answer = shortened
    with pytest.raises(GarbledError, match="not the whole page"):
        read().rows("Task")


@pytest.mark.parametrize("lost", [1, 3, 30])
def test_a_page_cut_within_its_last_record_is_noticed(salesforce, read, a_task, lost):
    salesforce.org.add("Task", [a_task(1), a_task(2, CallDisposition="Left message", Subject="plain")])
    right = salesforce.answer

    def shortened(request):
        response = right(request)
        if not request.path.endswith("/results"):
            return response
        return type(response)(response.body.rstrip(b"\n")[:-lost], 200, response.headers)

    salesforce.answer = shortened
    with pytest.raises(GarbledError, match="not the whole page"):
        read().rows("Task")


def test_a_page_of_plain_rows_that_says_neither_end_nor_more_is_none(salesforce, read):
    right = salesforce.answer

    def endless(request):
        response = right(request)
        if request.path.endswith("/queryAll"):
            response.body["done"] = False
        return response

    salesforce.answer = endless
    with pytest.raises(GarbledError):
        read().rows("User")


def test_a_result_that_leads_to_itself_is_noticed(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(9))
    salesforce.org.largest_page = 2
    right = salesforce.answer

    def circling(request):
        response = right(request)
        if request.path.endswith("/results"):
            response.headers["Sforce-Locator"] = "MQ"
        return response

    salesforce.answer = circling
    with pytest.raises(GarbledError, match="leads from page MQ to itself"):
        read().rows("Task")


def test_an_org_that_is_down_passes(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(2))
    salesforce.faults += [Fault("/results", "status", times=3, status=503), Fault("/describe", "status", status=500)]
    assert len(read().ids("Task")) == 2


def test_an_org_that_stays_down_keeps_the_window_open(salesforce, read):
    salesforce.faults.append(Fault("/results", "status", times=99, status=503))
    with pytest.raises(ExtractionError, match="did not answer within"):
        read().rows("Task")


def test_too_many_requests_at_once_pass(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(2))
    busy = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded."}]  # fmt: skip
    right, turns = salesforce.answer, iter([True, True])

    def crowded(request):
        if request.path.endswith("/results") and next(turns, False):
            return type(right(request))(busy, 403)
        return right(request)

    salesforce.answer = crowded
    assert len(read().ids("Task")) == 2


def test_the_daily_limit_ends_the_night_without_trying_on(salesforce, read):
    salesforce.org.used = salesforce.org.allowed
    with pytest.raises(BudgetError, match="TotalRequests"):
        read().rows("Task")
    assert len(salesforce.asked) == 2


def test_the_share_of_the_daily_calls_is_kept(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(20))
    salesforce.org.largest_page = 2
    salesforce.org.used, salesforce.org.allowed = 70, 100
    pages = []

    with pytest.raises(BudgetError, match=r"used 80 of its 100 API calls of today; `api.daily_share` is 0.8"):
        pages += read(daily_share=0.8).pages("Task")
    assert salesforce.org.used == 80


def test_pages_before_the_share_ended_stand(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(20))
    salesforce.org.largest_page = 2
    salesforce.org.used, salesforce.org.allowed = 70, 100
    kept = []
    with pytest.raises(BudgetError):
        for page in read().pages("Task"):
            kept.append(page)
    salesforce.org.used = 0

    rest = list(read().pages("Task", resume=kept[-1].resume))

    assert sum(page.records for page in (*kept, *rest)) == 20
