"""The documentation's links lead somewhere, and each page is reached from the index."""

import re
from pathlib import Path

import pytest

root = Path(__file__).resolve().parents[2]
PAGES = sorted([*root.glob("*.md"), *(root / "docs").glob("*.md"), *(root / "editors").glob("*/README.md"), root / "vscode-extension" / "README.md"])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchor(heading: str) -> str:
    """As the usual renderers of Markdown make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {anchor(line.lstrip("#")) for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("#")}


def prose(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(root)))
def test_links_within_the_repository_lead_somewhere(page):
    for link in LINK.findall(prose(page)):
        if "://" in link or link.startswith(("mailto:", "command:")):
            continue
        target, _, fragment = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{page.name}: {link}"
        if fragment and file.suffix == ".md":
            assert fragment in anchors(file), f"{page.name}: {link}; there are {sorted(anchors(file))}"


def test_every_page_is_reached_from_the_index():
    index = (root / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (root / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name


def test_both_readmes_have_the_same_parts():
    """The same headings in number and level, code blocks, tables and pictures."""
    def shape(name: str) -> list[str]:
        lines = (root / name).read_text(encoding="utf-8").splitlines()
        code, kept = False, []
        for line in lines:
            if line.startswith("```"):
                code = not code
                kept.append(line)
            elif code:
                kept.append(re.sub(r"\s*(#|--|;)\s.*$", "", line))
            elif line.startswith("#"):
                kept.append(line.split(" ")[0])
            elif line.startswith(("|", "![", "- ")):
                kept.append(line[0] + str(line.count("|")))
        return kept
    assert shape("README.md") == shape("README.zh-CN.md")
