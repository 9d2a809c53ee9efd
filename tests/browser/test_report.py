"""The report in a real browser: it loads whole, asks for nothing, fits every width, answers hand and keyboard."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from litesmith.report.reference import this_run
from tests.browser.tools import PICTURES, barriers, invalid
from tests.litesmith.report.report_inputs import FINAL, render, report_inputs

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

Open = Callable[..., Any]

SAMPLE = Path(__file__).parents[2] / "docs/sample-report.html"
WIDTHS = (390, 768, 1280)

# What reaches beyond the window although it does not stand in a part that scrolls by itself.
WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((one) => !one.closest(".table, pre, nav ul, .skip, .spoken, svg *")
  && one.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def report() -> str:
    """Render a report that has a reference run to compare with."""
    before = this_run(
        dataclasses.replace(report_inputs(), sha256={"reports/results/sweep.json": "f" * 64})
    )
    return render(dataclasses.replace(report_inputs(), reference=before))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_fits_and_is_kept_as_a_picture(
    open_page: Open, report: str, width: int, scheme: str
) -> None:
    page = open_page(report, width, color_scheme=scheme)
    assert page.title().startswith("Fashion-MNIST: Promote tuned-int8: it is better than v-1")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(WIDE) == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 22, 26)"}[scheme]
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"report-{width}-{scheme}.png", full_page=True)


def test_report_asks_for_nothing_and_no_error_is_logged(open_page: Open, report: str) -> None:
    page = open_page(report)
    assert page.complaints == []
    assert [address for address in page.asked if not address.startswith("data:")] == [page.url]
    broken = "[...document.images].filter((one) => !one.complete || !one.naturalWidth).length"
    assert page.evaluate("document.images.length") > 24 and page.evaluate(broken) == 0


def test_a_page_that_asks_the_network_is_noticed(open_page: Open, report: str) -> None:
    page = open_page(report.replace("</main>", '<img src="https://example.org/x.png" alt="x"></main>'))
    assert any("example.org" in complaint for complaint in page.complaints)


def test_a_script_that_is_not_the_pages_own_does_not_run(open_page: Open, report: str) -> None:
    page = open_page(report.replace("</main>", "<script>window.foreign = 1</script></main>"))
    assert page.evaluate("window.foreign") is None
    assert any("Content Security Policy" in complaint for complaint in page.complaints)


def test_report_fits_with_long_names(open_page: Open) -> None:
    names = [f"Averyveryverylongclassname{number}withoutanyspaceinit" for number in range(10)]
    page = open_page(render(report_inputs(class_names=names)))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(WIDE) == []


def column(page: Any, name: str, header: str) -> list[str]:
    """Return the texts of the visible cells of a table's column."""
    table = page.get_by_role("group", name=name, exact=True)
    headers = table.locator("thead th").all_inner_texts()
    (at,) = [position for position, text in enumerate(headers) if text.split("\n")[0].startswith(header)]
    return [
        row.locator("th, td").nth(at).inner_text() for row in table.locator("tbody tr:visible").all()
    ]


def as_numbers(texts: list[str]) -> list[float]:
    return [float(text.replace("\u202f", "")) for text in texts if text != "\u2013"]


TRIALS = "Every trial of the sweep"


def unfolded(page: Any) -> Any:
    """Open every folded part but the confusion matrices, of which one shows at a time."""
    page.evaluate(
        "document.querySelectorAll('details:not([data-model])').forEach((one) => { one.open = true; })"
    )
    return page


def test_trials_are_sorted_by_a_press_on_a_header_and_back_by_another(
    open_page: Open, report: str
) -> None:
    page = unfolded(open_page(report))
    header = page.get_by_role("group", name=TRIALS).get_by_role("columnheader", name="int8 bytes")
    recorded = as_numbers(column(page, TRIALS, "int8 bytes"))
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert as_numbers(column(page, TRIALS, "int8 bytes")) == sorted(recorded) != recorded
    header.get_by_role("button").press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert as_numbers(column(page, TRIALS, "int8 bytes")) == sorted(recorded, reverse=True)


def test_what_is_not_known_is_sorted_last_either_way(open_page: Open, report: str) -> None:
    page = unfolded(open_page(report))
    table = page.get_by_role("group", name=TRIALS)
    header = table.locator("thead th.rung").last
    for _ in range(2):
        header.get_by_role("button").click()
        shown = column(page, TRIALS, header.inner_text().split("\n")[0])
        known = [text != "\u2013" for text in shown]
        assert False in known and known == sorted(known, reverse=True)


def test_trials_are_filtered_by_words(open_page: Open, report: str) -> None:
    page = unfolded(open_page(report))
    everything = column(page, TRIALS, "State")
    page.get_by_label("Filter trials").fill("pruned")
    shown = column(page, TRIALS, "State")
    assert shown == [state for state in everything if "pruned" in state] and 0 < len(shown) < len(
        everything
    )
    assert page.get_by_text(f"{len(shown)} of {len(everything)} trials").is_visible()
    page.get_by_label("Filter trials").fill("")
    assert column(page, TRIALS, "State") == everything


def test_confusion_matrix_of_another_model_is_chosen(open_page: Open, report: str) -> None:
    page = open_page(report)
    names = page.locator("details[data-model]")
    assert names.locator("visible=true").count() >= 1
    assert page.get_by_role("group", name=f"Confusion matrix of {FINAL}, counts").is_visible()
    page.get_by_role("combobox", name="Model").select_option("baseline-keras")
    assert page.get_by_role("group", name="Confusion matrix of baseline-keras, counts").is_visible()
    assert not page.get_by_role("group", name=f"Confusion matrix of {FINAL}, counts").is_visible()


def test_report_is_whole_without_javascript(open_page: Open, report: str) -> None:
    page = open_page(report, java_script_enabled=False)
    assert page.locator("button, input, select").count() == 0
    page.locator("summary", has_text="Every trial").click()
    assert page.get_by_role("group", name=TRIALS).locator("tbody tr:visible").count() == 24
    page.locator("details[data-model] > summary", has_text="baseline-keras").click()
    assert page.get_by_role("group", name="Confusion matrix of baseline-keras, counts").is_visible()


def test_keyboard_reaches_the_results_first(open_page: Open, report: str) -> None:
    page = open_page(report)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


def test_report_prints_on_a4_without_controls(open_page: Open, report: str, tmp_path: Path) -> None:
    page = open_page(report, 794)  # A4 at 96 pixels an inch
    page.emulate_media(media="print")
    assert page.locator(".control:visible, nav:visible").count() == 0
    PICTURES.mkdir(exist_ok=True)
    printed = page.pdf(path=PICTURES / "report.pdf", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    page.set_viewport_size({"width": 680, "height": 900})  # A4 without its margins
    assert page.evaluate("document.documentElement.scrollWidth") == 680


def test_no_table_is_wider_than_a_printed_page_whatever_is_opened(open_page: Open, report: str) -> None:
    page = open_page(report.replace(FINAL, "flip_averaged-int8"), 703)  # A4 without its margins
    page.emulate_media(media="print")
    wide = page.evaluate("""() => {
        document.querySelectorAll("details").forEach(one => { one.open = true; });
        const groups = [...document.querySelectorAll(".table")];
        const isWide = one => one.firstElementChild.scrollWidth > one.clientWidth;
        return groups.filter(isWide).map(one => one.ariaLabel);
    }""")
    assert wide == []


FOLDED = "All parameters", "Every check", "Confusion matrix of baseline-keras, counts"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_what_is_folded_stays_folded_in_print_and_what_was_opened_prints(
    open_page: Open, report: str, script: bool
) -> None:
    page = open_page(report, java_script_enabled=script)
    page.emulate_media(media="print")
    groups = [page.locator(f'.table[aria-label="{name}"]') for name in FOLDED]
    assert [one.is_visible() for one in groups] == [False] * len(FOLDED)
    page.emulate_media(media="screen")
    page.locator("summary", has_text="Every check of every file").first.evaluate(
        "one => { for (let e = one; e; e = e.parentElement) if (e.open !== undefined) e.open = true; }"
    )
    page.emulate_media(media="print")
    assert groups[1].is_visible()


def num_pages(printed: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", printed))


def test_report_prints_on_at_most_ten_pages(open_page: Open, report: str) -> None:
    for text in (report, SAMPLE.read_text()):
        assert 2 < num_pages(open_page(text).pdf(format="A4", prefer_css_page_size=True)) <= 10


QUESTIONS = "Is it better?", "Can it be trusted?", "What changed?", "What do I do?"


@pytest.mark.parametrize("sample", [False, True], ids=["fixture", "sample"])
def test_first_screen_holds_the_four_answers(open_page: Open, report: str, sample: bool) -> None:
    page = open_page(SAMPLE.read_text() if sample else report, 1280)
    page.set_viewport_size({"width": 1280, "height": 800})
    answers = page.locator(".answer")
    assert [one.split("? ")[0] + "?" for one in answers.locator("h2").all_inner_texts()] == list(
        QUESTIONS
    )
    assert answers.evaluate_all("all => all.every((one) => one.getBoundingClientRect().bottom <= 800)")
    assert page.locator("h1").bounding_box()["y"] < 200


def test_headline_begins_within_a_screen_and_a_half_of_a_phone(open_page: Open, report: str) -> None:
    page = open_page(report, 390)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.locator(".headline tbody tr").first.bounding_box()["y"] <= 1.5 * 844
    answers = page.locator(".answer")
    assert answers.locator("h2").count() == len(QUESTIONS)
    assert all(one.locator("li:visible, dd:visible").count() for one in answers.all())
    doubts = page.locator(".answer .mark")
    assert doubts.count() and all(one.is_visible() for one in doubts.all())


def test_contents_stay_in_sight_and_do_not_hide_a_heading(open_page: Open, report: str) -> None:
    page = open_page(report)
    page.get_by_role("navigation").get_by_role("link", name="Sweep").click()
    page.wait_for_function(
        "() => { const y = document.getElementById('sweep').getBoundingClientRect().top; return y > 0 && y < 400; }"
    )
    nav, heading = page.get_by_role("navigation").bounding_box(), page.locator("#sweep").bounding_box()
    assert abs(nav["y"]) < 2 and heading["y"] >= nav["y"] + nav["height"] - 1


def test_a_link_opens_the_folded_part_that_it_names(open_page: Open, report: str) -> None:
    page = open_page(report)
    assert not page.get_by_role("group", name="Package versions").is_visible()
    page.locator('#since ~ .note a[href="#parameters"]').click()
    page.wait_for_function("() => document.getElementById('parameters').closest('details').open")


def test_budget_on_a_phone_is_cards_with_the_mark_first(open_page: Open, report: str) -> None:
    cards = open_page(report, 390).locator(".budget li")
    assert cards.count() == 5
    tops = cards.evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)")
    assert tops == sorted(set(tops))  # one below the other
    assert cards.evaluate_all("all => all.every((one) => one.firstElementChild.matches('.state'))")


def test_report_is_small_and_marks_are_rare(open_page: Open, report: str) -> None:
    assert len(report.encode()) <= 1_000_000 and len(SAMPLE.read_bytes()) <= 1_000_000
    page = open_page(report)
    assert page.locator(".mark.yes").count() == 0
    assert page.locator(".mark").count() < 15


def test_pictures_of_confused_pairs_fit_a_phone(open_page: Open, report: str) -> None:
    table = open_page(report, 390).locator(".table.pairs")
    assert table.locator("img").count() > 2
    assert table.evaluate("one => one.scrollWidth <= one.clientWidth")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_has_no_barrier_that_axe_calls_serious(
    open_page: Open, report: str, width: int, scheme: str
) -> None:
    assert barriers(open_page(report, width, color_scheme=scheme)) == []


def test_report_is_valid_html(report: str, tmp_path: Path) -> None:
    assert invalid(report, tmp_path) == []


def test_the_sample_of_a_real_run_holds_to_the_same(open_page: Open, tmp_path: Path) -> None:
    sample = SAMPLE.read_text()
    page = open_page(sample, WIDTHS[0])
    assert page.complaints == []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(WIDE) == []
    assert barriers(page) == []
    assert invalid(sample, tmp_path) == []


def test_a_picture_without_text_is_noticed(open_page: Open, report: str, tmp_path: Path) -> None:
    worse = report.replace("</main>", '<img src="data:,"></main>')
    assert any(line.startswith("image-alt: ") for line in barriers(open_page(worse)))
    assert any("alt" in line for line in invalid(worse, tmp_path))
