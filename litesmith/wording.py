"""How numbers and lists read in sentences and tables, one way for each kind.

Thousands stand apart by thin spaces. Accuracies and differences of them have two decimals, a class's
share one, shares of a limit none. A minus is a true one.
"""

import shlex
from collections.abc import Iterable

NONE = "\u2013"
"""Where a quantity does not exist."""


def count(value: float) -> str:
    """Write a number of things with its thousands apart by thin spaces: 87 312."""
    return f"{value:,.0f}".replace(",", "\u2009")


def percent(fraction: float, digits: int = 2) -> str:
    """Write a fraction in percent, without the sign, which stands in the table's header."""
    return f"{100 * fraction:.{digits}f}"


def points(fraction: float, digits: int = 2) -> str:
    """Write a difference of fractions in percentage points, signed with a true minus."""
    return signed(100 * fraction, digits)


def signed(value: float, digits: int = 2) -> str:
    """Write a number with its sign, zero with none."""
    text = f"{value:+.{digits}f}".replace("-", "\u2212")
    return text[1:] if float(f"{value:.{digits}f}") == 0 else text


def number(value: float, digits: int = 4) -> str:
    """Write a number to ``digits`` decimals."""
    return f"{value:,.{digits}f}".replace(",", "\u2009").replace("-", "\u2212")


def times(ratio: float, word: str) -> str:
    """Write a ratio in words: ``7.4 times smaller``."""
    if f"{ratio:.1f}" == "1.0":
        return "the same"
    opposite = {"smaller": "larger", "faster": "slower"}[word]
    return f"{ratio:.1f} times {word}" if ratio > 1 else f"{1 / ratio:.1f} times {opposite}"


def milliseconds(value: float) -> str:
    """Write a latency with three significant digits."""
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def amount(value: float) -> str:
    """Write a whole number by `count`, another with three decimals."""
    return count(value) if float(value).is_integer() else number(value, 3)


def shape(dimensions: Iterable[int]) -> str:
    """Write the dimensions of an array: 3 × 3 × 16."""
    return " \u00d7 ".join(str(size) for size in dimensions)


def listed(words: Iterable[str]) -> str:
    """Write words as a list in a sentence: a, b and c."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def shell(word: str) -> str:
    """Quote a word for a shell, on one line."""
    return shlex.quote(" ".join(word.split()))


def run_options(data: str | None, profile: str | None = None) -> str:
    """Write the options that choose a run, such as `` --data digits --profile quick``.

    ``data`` is None for the project's own data set, ``profile`` for the parameters as they are.
    """
    choice = {"data": data, "profile": profile}
    return "".join(f" --{name} {shell(value)}" for name, value in choice.items() if value)


def plainly(value: bool | float | str) -> str:
    """Write a truth as yes or no, a fraction with six digits."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
