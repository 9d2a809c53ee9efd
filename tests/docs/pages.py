"""Blocks of code in the project's pages."""

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page, named by its path in the project."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    return [Block(page, *match.groups()) for match in _FENCE.finditer(text)]


def program(page: str, language: str, holds: str = "") -> str:
    """Return the one block of a language that holds a text."""
    (text,) = [
        block.text for block in blocks(page) if block.language == language and holds in block.text
    ]
    return text
