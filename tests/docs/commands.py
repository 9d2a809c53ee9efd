"""Commands in the project's pages, and what stands for each: a test that runs it, or its output."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tests.docs.pages import PROJECT, blocks

# The first words of commands that are looked for in prose and tables; blocks may have others too.
_MODULES = r"python -m (?:tasks|flows|benchmarks)"
_IN_PROSE = re.compile(rf"`((?:{_MODULES}|(?:nohup )?(?:make|dvc|prefect)(?= ))(?:[ .][^`]*)?)`")
_BEGINS = re.compile(rf"{_MODULES}|dvc ")
# Blocks whose every line is a command, but for those that continue or comment.
_SHELL = {"sh", "bash", "console"}


@dataclass(frozen=True)
class Command:
    """A command line of a page.

    Attributes:
        line: Without comments.
        in_block: Whether it stands in a block, else in prose or in a table.
        output: What stands below it in its block.
    """

    page: str
    line: str
    in_block: bool
    output: str = ""

    @property
    def words(self) -> list[str]:
        """The words after those that only say how it is run."""
        words = shlex.split(self.line)
        if words[0] in ("sudo", "nohup"):
            words = words[1:]
        if words[:2] == ["nice", "-n"]:
            words = words[3:]
        return [word for word in words if word not in ("&", "&&")]

    @property
    def key(self) -> str:
        """What is run, without options and names: ``python -m tasks add``, ``dvc pull``."""
        words = self.words
        if words[:2] == ["python", "-m"]:
            is_benchmark = words[2].startswith("benchmarks.")
            return " ".join(words[: 3 if is_benchmark else 4])
        if words[0] == "dvc":
            plain = [word for word in words[1:] if not word.startswith((".", "-"))]
            return " ".join(
                ["dvc", *plain[: 2 if plain[0] in ("metrics", "plots", "remote", "exp") else 1]]
            )
        if words[0] == "prefect":
            return " ".join(words[:4] if "schedule" in words else words[:3])
        return " ".join(words[:2])


def pages() -> list[str]:
    """Return the pages that a newcomer reads, as paths in the project."""
    found = ["README.md", "benchmarks/README.md"]
    return found + sorted(str(path.relative_to(PROJECT)) for path in (PROJECT / "docs").glob("*.md"))


def commands(page: str) -> list[Command]:
    """Return every command of a page."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    found = [Command(page, " ".join(line.split()), False) for line in _IN_PROSE.findall(prose)]
    for block in blocks(page):
        if re.search(r"^\$ ", block.text, re.MULTILINE):
            found += _with_outputs(page, block.text)
        elif block.language in _SHELL or _BEGINS.match(block.text):
            found += [Command(page, line, True) for line in _lines(block.text)]
    return found


def _with_outputs(page: str, text: str) -> list[Command]:
    """Return the commands of a session; one that printed nothing has the output that came next."""
    found: list[Command] = []
    for part in reversed(re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]):
        line, _, output = part.partition("\n")
        later = found[-1].output if found else ""
        found.append(Command(page, line.partition("  #")[0], True, output.strip() or later))
    return found[::-1]


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if words := shlex.split(line, comments=True):
            yield shlex.join(words) if "|" not in line else line
