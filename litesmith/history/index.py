"""The index: a page of all runs with their reports."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from litesmith.analysis.control import LEAST_VALUES
from litesmith.documents.templates import page_style, templates
from litesmith.history.runs import Run
from litesmith.history.served import Served
from litesmith.history.trends import Trend, trends
from litesmith.records.service.release import LogLine


def render_index(
    runs: Sequence[Run], unreadable: Sequence[str] = (), served: Served | None = None
) -> str:
    """Return the index as HTML; it names unreadable records.

    ``served`` are the models in service, None where they are not known.
    """
    page = templates().get_template("history/index.html.j2")
    moves = served.moves if served else ()
    found = trends(runs, moves)
    content = page.render(
        style=Markup(page_style()),
        runs=list(reversed(runs)),
        trends=found,
        outside=_outside(found),
        hosts=_hosts(runs),
        moves=_moves(runs, moves),
        least=LEAST_VALUES,
        unreadable=unreadable,
        served=served,
    )
    return content.strip() + "\n"


def _outside(found: Sequence[Trend]) -> Mapping[str, list[str]]:
    """Return what of each run is outside of what was usual, by its id."""
    names: dict[str, list[str]] = {}
    for trend in found:
        for point in trend.outside:
            names.setdefault(point.id, []).append(trend.name.lower())
    return names


def _hosts(runs: Sequence[Run]) -> Mapping[str, str]:
    """Return a letter for each host that runs were timed on."""
    costs = (run.record.result.cost for run in runs if run.record.result)
    hosts = dict.fromkeys(cost.host for cost in costs if cost)
    return {host: chr(ord("A") + number % 26) for number, host in enumerate(hosts)}


def _moves(runs: Sequence[Run], moves: Sequence[LogLine]) -> Mapping[str, list[LogLine]]:
    """Return promotions and rollbacks by the last run that began before them."""
    placed: dict[str, list[LogLine]] = {}
    for line in reversed(moves):
        before = [run for run in runs if run.record.started <= line.when]
        if before:
            placed.setdefault(before[-1].id, []).append(line)
    return placed
