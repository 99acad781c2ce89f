"""The report's languages: every text is in every catalogue, in the same places, with the same placeholders; and no other."""

import re
import shutil

import pytest
from babel import Locale

from pipelines.reporting.messages import forms_of, messages, read_catalogue, update
from pipelines.reporting.parts import Kind
from pipelines.reporting.words import CATALOGUES, LANGUAGES, Words

TRANSLATED = LANGUAGES[1:]
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def path_of(language):
    return CATALOGUES / language / "LC_MESSAGES" / "messages.po"


def entries(language):
    return {forms_of(one.id): one for one in read_catalogue(path_of(language), language) if one.id}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_every_text_and_no_other(language):
    found, expected = entries(language), {forms_of(one) for one in messages()}
    assert expected - found.keys() == set(), "make words adds what is missing"
    assert found.keys() - expected == set(), "make words takes away what nothing says any more"
    assert [one.id for one in found.values() if one.fuzzy or not all(forms_of(one.string))] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_text(language):
    wrong = [
        (one.id, form)
        for one in entries(language).values()
        for form in forms_of(one.string)
        if set(PLACEHOLDER.findall(form)) != set(PLACEHOLDER.findall(forms_of(one.id)[0]))
        or re.search(r"%(?!\(\w+\)s)", form)
    ]
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_plurals_have_as_many_forms_as_the_language(language):
    catalogue = read_catalogue(path_of(language), language)
    assert {len(one.string) for one in catalogue if isinstance(one.id, tuple)} == {catalogue.num_plurals}
    assert catalogue.num_plurals == {"ar": 6, "tr": 1, "zh": 1}[language]


def test_make_words_adds_takes_away_and_keeps(tmp_path):
    path = tmp_path / "messages.po"
    text = path_of("tr").read_text(encoding="utf-8")
    path.write_text(text.replace('msgid "Touches"\n', 'msgid "Touched"\n'), encoding="utf-8")
    assert update(path, "tr") == (1, 1)
    catalogue = read_catalogue(path, "tr")
    assert (catalogue.get("Touches").string, catalogue.get("Calls").string) == ("", "Aramalar")
    shutil.copy(path_of("tr"), path)
    assert update(path, "tr") == (0, 0)
    assert path.read_text(encoding="utf-8") == text


def test_extraction_knows_each_kind_of_place():
    """Of a template, of a page's parts, of a call of text, of forms, of a rule's name, of a metric's unit."""
    found = messages()
    for one in (
        "Skip to the figures",
        "Workload",
        "limit: %(value)s",
        "rep_overload",
        "calls per rep-workday",
        "inside",
    ):
        assert one in found
    assert ("%(shown)s of %(all)s row", "%(shown)s of %(all)s rows") in found
    assert not [one for one in found if "select" in one or "marts." in one]


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", {1: "%(shown)s of %(all)s row", 2: "%(shown)s of %(all)s rows"}),
        ("ar", {2: "%(shown)s من %(all)s صفين", 5: "%(shown)s من %(all)s صفوف", 11: "%(shown)s من %(all)s صفًا", 100: "%(shown)s من %(all)s صف"}),
        ("zh", {1: "共 %(all)s 行，显示 %(shown)s 行"}),
    ],
)  # fmt: skip
def test_a_sentence_goes_with_its_number_in_the_page_and_in_its_script(language, forms):
    words, pair = Words(language, "USD", "UTC"), ("%(shown)s of %(all)s row", "%(shown)s of %(all)s rows")
    rule = Locale.parse(language).plural_form
    for number, form in forms.items():
        assert words.plural(*pair, number) == words.forms(*pair)[rule(number)] == form


@pytest.mark.parametrize(
    ("language", "share", "money"),
    [
        ("ar", "\u200e-12.5\u200e%\u200e", "\u200f\u200e-1,234\u00a0\u200eUS$\u200e"),
        ("tr", "-%12,5", "-$1.234"),
        ("zh", "-12.5%", "-US$1,234"),
    ],
)
def test_numbers_are_written_as_the_language_does(language, share, money):
    words = Words(language, "USD", "UTC")
    assert [words.show(-0.125, Kind.SHARE), words.show(-1234, Kind.MONEY)] == [share, money]


def test_a_word_that_no_catalogue_has_has_no_underscores():
    assert Words("en", "USD", "UTC").show("rep_overload", Kind.WORD) == "rep overload"


@pytest.mark.parametrize("language", ["ar", "zh"])
def test_headings_and_columns_are_in_the_language(report_in, language):
    """A text that was never asked for in the language would stand in Latin letters here."""
    known = re.compile(r"CSV|KPIs?|NULL|MB|ID|Inside Sales|default|Expansion")
    left = set()
    for page in report_in(language).rglob("*.html"):
        html = re.sub(r"<bdi>.*?</bdi>", "", page.read_text(encoding="utf-8"))
        said = re.findall(
            r"<(h2 id[^>]*|h3|th|th scope=col[^>]*|label|button[^>]*|summary|dt|figcaption)>(.*?)<(?!a )", html
        )
        left |= {text for _, text in said if re.search("[A-Za-z]{2}", known.sub("", re.sub("<[^>]*>", "", text)))}
    assert left == set()


def test_an_arabic_page_runs_from_the_right(report_in):
    html = (report_in("ar") / "index.html").read_text(encoding="utf-8")
    assert '<html lang="ar" dir="rtl">' in html
    assert "<bdi>Farid Baker</bdi>" in html
