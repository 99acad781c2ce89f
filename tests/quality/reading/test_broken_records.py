"""Each fault costs the record it is in and nothing else, and is counted."""

import pytest

TOP = b"id,note\n1,a\n"
REST = b"2,b\n3,c\n"
GOOD = [("1", "a"), ("2", "b"), ("3", "c")]


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (b"9,x,y\n", "too_many_fields"),
        (b"9\n", "too_few_fields"),
        (b'9,"x\n', "broken_quote"),
        (b'"9,x\n', "broken_quote"),
        (b'9,"x"y\n', "broken_quote"),
        (b"9,caf\xe9\n", "encoding"),
        (b'9,"' + b"x" * 1_100_000 + b'"\n', "too_large"),
        (b"9," + b"x" * 1_100_000 + b"\n", "too_large"),
        (b"9," + b"x" * 10_500_000 + b"\n", "too_large"),
    ],
)
def test_a_broken_record_is_rejected_alone(load, record, rule):
    loaded = load(TOP + record + REST)
    assert loaded.rejects == [(3, rule)]
    assert loaded.cells == GOOD
    assert loaded.lines == [2, 4, 5]
    assert loaded.found.records == 4
    reject = loaded.found.rejects[0]
    assert reject.text.startswith(record[:9].decode(errors="backslashreplace").rstrip("\n"))
    assert len(reject.text) <= 10_000
    assert reject.message


@pytest.mark.parametrize(
    ("record", "cells"),
    [
        (b"9,x,\n", ("9", "x")),
        (b"9,x,,,\n", ("9", "x")),
        (b'9,he said "hi" ok\n', ("9", 'he said "hi" ok')),
        (b'9,5" pipe\n', ("9", '5" pipe')),
        (b"9,a\x00b\n", ("9", "a\x00b")),
        (b'9,"a ""b"""\n', ("9", 'a "b"')),
        (b'9,"' + b"x\n" * 80_000 + b'"\n', ("9", "x\n" * 80_000)),
    ],
    ids=["extra_blank", "extra_blanks", "stray_quotes", "one_stray_quote", "nul", "doubled", "long_cell_of_lines"],
)
def test_an_odd_record_that_fits_is_accepted(load, record, cells):
    loaded = load(TOP + record + REST)
    assert loaded.cells == [GOOD[0], cells, *GOOD[1:]]
    assert loaded.rejects == []


@pytest.mark.parametrize(
    "content", [TOP + b"\n" + REST, TOP + b"  \n" + REST, TOP + REST + b"\n", TOP + TOP[:8] + REST]
)
def test_blank_lines_and_repeated_headers_are_ignored_and_counted(load, content):
    loaded = load(content)
    assert (loaded.cells, loaded.found.ignored, loaded.found.records) == (GOOD, 1, 4)


def test_a_repeated_header_is_noticed_at_the_end_and_not_as_part_of_a_line(load):
    assert load(TOP + REST + b"id,note").found.ignored == 1
    assert load(TOP + b"id,notes\n" + REST).cells == [("1", "a"), ("id", "notes"), ("2", "b"), ("3", "c")]


@pytest.mark.parametrize("mixed", [b"id,note\r\n1,a\n2,b\r\n3,c\n", b"id,note\r1,a\r2,b\r3,c\r", TOP + b"2,b\r3,c\n"])
def test_mixed_line_ends_and_lone_carriage_returns_all_end_lines(load, mixed):
    loaded = load(mixed)
    assert (loaded.cells, loaded.lines, loaded.found.path_taken) == (GOOD, [2, 3, 4], "slow")


def test_an_unterminated_quote_costs_one_record_among_many(load):
    rows = [b'%d,"note %d"\n' % (number, number) for number in range(20_000)]
    rows[10_000] = b'10000,"note\n'
    rows[15_000] = b'15000,"note\n'
    loaded = load(b"id,note\n" + b"".join(rows))
    assert loaded.rejects == [(10_002, "broken_quote"), (15_002, "broken_quote")]
    assert loaded.found.rows == 19_998
    assert loaded.cells[-1] == ("19999", "note 19999")


def test_a_record_over_several_lines_with_a_cell_too_many_is_one_reject(load):
    loaded = load(TOP + b'9,"x\ny",z\n' + REST)
    assert (loaded.rejects, loaded.cells) == ([(3, "too_many_fields")], GOOD)
    assert loaded.found.rejects[0].text == '9,"x\ny",z'


def test_a_bad_byte_in_a_later_line_rejects_the_whole_record(load):
    loaded = load(TOP + b'9,"x\ny\xff"\n' + REST)
    assert (loaded.rejects, loaded.cells) == ([(3, "encoding")], GOOD)
    assert loaded.found.rejects[0].text == '9,"x\ny\\xff"'


def test_a_delimiter_at_the_end_of_every_line_names_no_column(load):
    loaded = load(b"id,note,\n1,a,\n2,b\n9,c,x\n")
    assert loaded.found.columns == ("id", "note")
    assert (loaded.cells, loaded.rejects) == ([("1", "a"), ("2", "b")], [(4, "too_many_fields")])
    assert load(b"id,,note\n1,,a\n2,x,b\n3,c\n").rejects == [(3, "too_many_fields"), (4, "too_few_fields")]


def test_faults_far_apart_keep_the_order_and_the_lines_of_the_rest(load):
    lines = [b"%d,n%d\n" % (number, number) for number in range(60_000)]
    lines[7] = b"\n"
    lines[30_000] = b'30000,"a\nb"\n'
    lines[59_999] = b"59999\n"
    loaded = load(b"id,note\n" + b"".join(lines))
    assert [int(row[0]) for row in loaded.cells] == [n for n in range(59_999) if n != 7]
    assert [loaded.found.line_of(n) for n in (6, 7, 29_999, 30_000)] == [8, 10, 30_002, 30_004]
    assert (loaded.found.ignored, loaded.rejects) == (1, [(60_002, "too_few_fields")])


@pytest.mark.parametrize("slow", [False, True])
def test_a_line_inside_a_cell_is_no_record_however_much_it_looks_like_one(load, slow):
    loaded = load(TOP + b'9,"x\n5,6\n7,8\n"\n' + REST, slow=slow)
    assert loaded.cells == [GOOD[0], ("9", "x\n5,6\n7,8\n"), *GOOD[1:]]


def test_a_quote_closed_by_a_later_cells_quote_does_not_swallow_the_lines_between(load):
    loaded = load(b'id,note,at\n1,"a,x\n2,b,y\n3,",c" d,z\n4,e,f\n')
    assert loaded.rejects == [(2, "broken_quote"), (4, "broken_quote")]
    assert loaded.cells == [("2", "b", "y"), ("4", "e", "f")]
