"""Filters of templates: how values read on a page."""

import json
import re
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from markupsafe import Markup
from pydantic import JsonValue

from litesmith.documents.durations import duration
from litesmith.documents.times import date, moment
from litesmith.wording import (
    NONE,
    amount,
    count,
    milliseconds,
    number,
    percent,
    plainly,
    points,
    shape,
    shell,
    signed,
    times,
)

Options = ParamSpec("Options")


def code(text: str) -> Markup:
    """Write text for HTML, with code between backticks."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts)
    )


def breakable(text: str) -> Markup:
    """Write a path for HTML with line breaks between its parts."""
    mark = "/" if "/" in text else "."
    return Markup(f"{mark}<wbr>").join(text.split(mark))


def lines(content: JsonValue) -> str:
    """Write indented JSON, each list of values on one line."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    return re.sub(
        r"\[\s+([^\[\]{}]*?)\s+\]", lambda match: f"[{re.sub(chr(10) + ' *', ' ', match[1])}]", text
    )


def _or_dash(
    write: Callable[Concatenate[float, Options], str],
) -> Callable[Concatenate[float | None, Options], str]:
    """Let a function write None, a quantity that does not exist, as a dash."""

    def written(value: float | None, /, *options: Options.args, **named: Options.kwargs) -> str:
        return NONE if value is None else write(value, *options, **named)

    return written


FILTERS: dict[str, Callable[..., object]] = {
    "amount": _or_dash(amount),
    "breakable": breakable,
    "code": code,
    "count": _or_dash(count),
    "date": date,
    "duration": duration,
    "moment": moment,
    "percent": _or_dash(percent),
    "points": _or_dash(points),
    "number": _or_dash(number),
    "ms": _or_dash(milliseconds),
    "signed": signed,
    "times": times,
    "shape": shape,
    "plainly": plainly,
    "lines": lines,
    "shell": shell,
}
