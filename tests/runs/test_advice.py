"""Whoever does what a refusal says gets the file in."""

from openpyxl import Workbook

REPS = b"rep_id;full_name;rep_type;hire_date\nR1;Ada;inside;2025-01-01\n"


def refused(office):
    (load,) = office.night().loads
    assert load.status == "refused"
    return load


def follow(office, settings_text, read):
    office.configure(settings_text.replace("path: inbox/crm,", f"path: inbox/crm, read: {read},"))
    (load,) = office.night().loads
    assert (load.status, load.rows_accepted) == ("accepted", 1)


def test_a_file_with_semicolons_is_read_once_its_delimiter_is_set(office, settings_text):
    office.deliver("reps.csv", REPS)
    load = refused(office)
    assert load.reason.startswith("dialect: the header is one cell")
    assert 'read: {delimiter: ";"}' in load.remedy
    follow(office, settings_text, '{delimiter: ";"}')


def test_a_workbook_with_a_title_is_read_once_its_lines_are_skipped(office, settings_text):
    book = Workbook()
    for row in (["Our people"], [], *(line.split(";") for line in REPS.decode().splitlines())):
        book.active.append(row)
    path = office.workspace.inbox / "crm" / "reps.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    load = refused(office)
    assert "read: {skip_rows: N}" in load.remedy, load
    follow(office, settings_text, "{skip_rows: 2}")
