"""The docs hang together without being built: every page is in the site's navigation, and every link leads somewhere."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))


def named_in(nav):
    for entry in nav:
        if isinstance(entry, str):
            yield entry
        else:
            for below in entry.values():
                yield from [below] if isinstance(below, str) else named_in(below)


def text_of(page):
    """Without its code, in which brackets are no links and # is no heading."""
    text = re.sub(r"^( *)```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", lambda match: match.group().strip("`") if "](" not in match.group() else "", text)


def anchors_of(page):
    headings = re.findall(r"^#+ +(.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_navigation_once():
    assert sorted(named_in(SITE["nav"])) == PAGES


@pytest.mark.parametrize("name", [*PAGES, "../README.md"])
def test_every_link_leads_to_a_page_and_a_heading(name):
    page = DOCS / name
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if link.startswith(("http:", "https:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page.resolve()
        if not target.is_file() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_one_title(name):
    assert len(re.findall(r"^# ", text_of(DOCS / name), re.MULTILINE)) == 1


def test_the_site_asks_no_other_host():
    assert SITE["theme"]["font"] is False
    assert SITE["plugins"] == ["search"]
    assert not {"extra_javascript", "extra_css", "site_url", "repo_url"} & SITE.keys()
