"""Text is decoded by what the settings say, strictly, and never guessed."""

import pytest

from models.errors import UnreadableFileError

TEXT = "id,note\n1,Işık “x”\n2,b\n"


@pytest.mark.parametrize("encoding", ["windows-1254", "utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_a_declared_encoding_is_decoded(load, encoding):
    loaded = load(TEXT.encode(encoding), encoding=encoding)
    assert (loaded.found.columns, loaded.cells) == (("id", "note"), [("1", "Işık “x”"), ("2", "b")])


def test_a_two_byte_encoding_whose_bytes_look_like_delimiters_is_split_after_decoding(load):
    loaded = load("id|note\n1|ソポ表\n".encode("cp932"), encoding="cp932", delimiter="|")
    assert loaded.cells == [("1", "ソポ表")]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode("utf-16"), "utf-8"),
        ("\ufeff".encode("utf-16-be") + TEXT.encode("utf-16-be"), "utf-8"),
        (TEXT.encode("utf-16-le"), "utf-8"),
        (TEXT.encode("utf-8-sig"), "windows-1254"),
        (TEXT.encode("utf-16") + b"\x00", "utf-16"),
        ("né,note\n1,2\n".encode("latin-1"), "utf-8"),
        (b"id,note\n" + b"1,caf\xe9\n" * 21, "utf-8"),
    ],
    ids=["utf16", "utf16_be", "utf16_unmarked", "marked_utf8", "cut_utf16", "header", "throughout"],
)
def test_a_file_in_another_encoding_throughout_is_refused(load, content, encoding):
    with pytest.raises(UnreadableFileError) as refused:
        load(content, encoding=encoding)
    assert refused.value.rule == "encoding"
    assert "encoding" in refused.value.remedy or "UTF-8" in refused.value.remedy


def test_a_few_bad_bytes_reject_their_records_and_name_the_byte(load):
    loaded = load(b"id,note\n" + b"1,ok\n" * 379 + b"2,caf\xe9\n" * 20 + b"3,\xe2\x82\xac\n")
    assert (loaded.found.rows, len(loaded.found.rejects), loaded.cells[-1]) == (380, 20, ("3", "€"))
    assert loaded.found.rejects[0].text == "2,caf\\xe9"
    assert "byte 6 of the line (0xE9)" in loaded.found.rejects[0].message


def test_a_byte_that_a_code_page_lacks_is_rejected(load):
    assert load(b"id,note\n1,\x81\n2,\xf0\n", encoding="windows-1252").rejects == [(2, "encoding")]
