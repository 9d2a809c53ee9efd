import json

import pytest

from litesmith.analysis.control import LEAST_VALUES
from litesmith.history.index import render_index
from litesmith.history.runs import Run
from litesmith.history.served import Served
from litesmith.history.trends import Trend, trends
from litesmith.records.service.release import LogLine
from litesmith.release.pointers import Key
from tests.flows.run_content import stage_content
from tests.litesmith.history.made import night

USUAL = (0.930, 0.934, 0.929, 0.933, 0.931, 0.932)


def nights(*accuracies: float, first: int = 1) -> list[Run]:
    return [night(first + at, accuracy) for at, accuracy in enumerate(accuracies)]


def accuracy(runs: list[Run], *events: LogLine) -> Trend:
    return trends(runs, events)[0]


def moved(event: str, when: str) -> LogLine:
    nothing = dict.fromkeys(("before", "by", "revision", "outcome", "decision_sha256", "candidate_sha256",
                             "gate_sha256", "gate_images", "discordant"))  # fmt: skip
    line = {
        "when": when,
        "event": event,
        "dataset": "digits",
        "device": "wearable",
        "version": "v-7",
        "why": "",
    }
    return LogLine.model_validate_json(json.dumps({**line, **nothing}))


def test_a_night_is_judged_by_the_nights_before_it() -> None:
    trend = accuracy(nights(*USUAL, 0.920, 0.931))
    assert [point.limits is not None for point in trend.points] == [False] * 6 + [True] * 2
    assert [point.is_outside for point in trend.points] == [False] * 6 + [True, False]
    limits = trend.points[6].limits
    assert limits is not None and limits.num_values == 6
    # Mean 0.9315; moving ranges 4, 5, 4, 2 and 1 thousandths, 3.2 on average; 2.66 * 3.2 = 8.512.
    assert (limits.low, limits.high) == pytest.approx((0.922988, 0.940012))
    assert trend.usual is not None and trend.usual.num_values == 8


def test_with_too_few_nights_nothing_is_called_usual() -> None:
    trend = accuracy(nights(*USUAL[:-1], 0.5))
    assert not trend.outside and trend.num_counted == LEAST_VALUES
    assert accuracy(nights(*USUAL[:-1])).usual is None
    assert "Too few runs to tell what is usual: 5 with the parameters" in render_index(
        nights(*USUAL[:-1])
    )


def test_runs_with_other_parameters_say_nothing_of_what_is_usual() -> None:
    other = night(7, 0.5, parameters="others", deciding="others")
    trend = accuracy([*nights(*USUAL), other, night(8, 0.92)])
    assert [point.is_outside for point in trend.points] == [False] * 7 + [True]


def test_parameters_that_decide_nothing_begin_no_new_past() -> None:
    workers = night(7, 0.92, parameters="more workers")
    assert accuracy([*nights(*USUAL), workers]).points[-1].is_outside


def test_older_records_compare_by_all_their_parameters() -> None:
    old = [night(day, value, deciding=None) for day, value in enumerate(USUAL, start=1)]
    assert accuracy([*old, night(7, 0.92)]).points[-1].is_outside
    assert accuracy([*old, night(7, 0.92, deciding=None)]).points[-1].is_outside
    assert accuracy([*old, night(7, 0.92, parameters="more workers")]).points[-1].limits is None
    between = [night(7, 0.931), night(8, 0.92, parameters="more workers")]
    assert accuracy([*old, *between]).points[-1].is_outside


def test_a_file_counts_once_however_often_it_is_found_up_to_date() -> None:
    again = [night(day, 0.932, file=f"{6:064d}") for day in (7, 8, 9)]
    trend = accuracy([*nights(*USUAL), *again])
    assert trend.num_counted == 6
    assert [point.repeats for point in trend.points] == [False] * 6 + [True] * 3


def test_grown_data_belong_to_what_is_usual() -> None:
    runs = [night(day, value, data=f"data {day}") for day, value in enumerate(USUAL, start=1)]
    assert accuracy(runs).num_counted == 6


def test_latency_is_only_followed_on_the_host_of_the_last_run() -> None:
    runs = [night(1, 0.93, latency_ms=0.203, host="the first host"), night(2, 0.93, latency_ms=0.036)]
    trend = trends(runs)[2]
    assert [point.value for point in trend.points] == [0.036]
    assert trend.num_elsewhere == 1
    page = render_index(runs)
    assert "1 run was timed on other hosts and cannot be compared." in page
    assert "0.203 A" in page and "0.036 B" in page


def test_a_latency_that_was_not_measured_again_counts_once() -> None:
    idle = night(2, 0.93, stages={"evaluate": stage_content("UpToDate")})
    assert trends([night(1, 0.93), idle])[2].num_counted == 1
    assert trends([night(1, 0.93), night(2, 0.93, file=f"{1:064d}")])[2].num_counted == 2


def test_what_was_put_in_service_stands_between_the_runs() -> None:
    events = [moved("promoted", "2026-11-01T09:00:00Z"), moved("rolled back", "2026-10-01T09:00:00Z")]
    trend = accuracy(nights(0.93, 0.94, 0.95), *events)
    assert [(event.line.event, event.after) for event in trend.events] == [("promoted", 0)]
    assert trend.across(0.5) == 25
    served = Served(Key("digits", "wearable"), "", "v-7", tuple(events), 0, None)
    page = render_index(nights(0.93, 0.94, 0.95), (), served)
    assert '<path class="put" d="M25.0 0V100"><title>promoted v-7, 1 Nov 2026, 09:00 UTC' in page
    assert "Promoted: <b>v-7</b>." in page


def test_charts_and_table_know_promotions_that_the_list_of_events_leaves_out() -> None:
    events = [moved("refused", "2026-11-03T09:00:00Z")] * 40 + [
        moved("promoted", "2026-11-01T09:00:00Z")
    ]
    served = Served(Key("digits", "wearable"), "", "v-7", tuple(events), 0, None)
    page = render_index(nights(0.93, 0.94, 0.95), (), served)
    assert page.count("<title>promoted v-7, 1 Nov 2026, 09:00 UTC") == 3
    assert "Promoted: <b>v-7</b>." in page
    assert "11 earlier events stand in" in page and "<td>promoted</td>" not in page


def test_everything_lies_within_the_figure() -> None:
    trend = accuracy([*nights(*USUAL, 0.920, 0.931), night(9, None), night(10, 0.93)])
    assert [point.id[6:8] for point in trend.points][-2:] == ["08", "10"]
    places = [trend.down(value) for point in trend.points for value in point.extremes]
    assert all(0 < place < 100 for place in places)
    assert [trend.across(at) for at in (0, 8)] == [0, 100]
    assert len(trend.bands) == 1 and len(trend.bands[0].split()) == 6
    alone = accuracy(nights(0.9))
    assert (alone.across(0), alone.bands) == (0, [])
    assert trends([night(1, None)]) == []


def test_the_page_names_the_run_outside_and_the_rule() -> None:
    page = render_index(nights(*USUAL, 0.920))
    assert '<span class="no">Outside: test accuracy.</span>' in page
    assert "Usual by now: 91.74 to 94.23" in " ".join(page.split())
    assert "python -m flows compare RUN before" in page and "2.66 mean moving ranges" in page


def test_results_of_earlier_versions_are_shown_without_limits() -> None:
    content = nights(*USUAL)
    results = [run.record.result for run in content]
    assert all(results)
    old = [
        Run(
            run.id,
            run.record.model_copy(update={"result": result.model_copy(update=NOT_RECORDED)}),
            None,
        )
        for run, result in zip(content, results, strict=True)
        if result
    ]
    found = trends(old)
    assert [trend.name for trend in found] == ["Test accuracy", "Size of final.tflite"]
    assert (found[0].usual, found[0].num_counted) == (None, 0)
    assert 'title="recorded since version 6"' in render_index(old)


NOT_RECORDED = {"gate": None, "cost": None, "conditions": None}
