import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from litesmith.data.accepted import AcceptedBatch, write_accepted
from litesmith.data.formats.idx import read_pair
from litesmith.data.sources import idx_pairs
from litesmith.errors import DataError, RefusedError
from litesmith.files import read_json
from litesmith.params.loading import read_params
from litesmith.params.sections.dataset import DividedOrigin
from litesmith.params.sections.report import DataChoice
from tasks import catalog
from tasks.dag.lock import RUN_VARIABLE
from tasks.steps.validate import Ins, Outs, validate
from tests.litesmith.data.quality.sets import (
    CLASSES,
    SHARES,
    SIDE,
    Part,
    base,
    batch_digest,
    draw,
    form,
    intake,
    params,
    write_intake,
)

pytestmark = pytest.mark.slow
PAGE = catalog.REFUSALS / "validate.html"
DATASET = DividedOrigin(
    name="Shapes",
    height=SIDE,
    width=SIDE,
    channels=1,
    fit="pad",
    ground="dark",
    classes=CLASSES,
    base=None,
    shares=SHARES,
    min_per_class=10,
    split_seed=1,
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter a workspace in which nobody accepted anything."""
    monkeypatch.chdir(tmp_path)
    catalog.ACCEPTED.parent.mkdir()
    write_accepted(catalog.ACCEPTED, [])


def run(*parts: Part, foreign: dict[int, str] | None = None, data: str | None = None) -> None:
    if parts:
        write_intake(catalog.INTAKE, replace(intake(parts), foreign=foreign or {}))
    chosen = {"dataset": DATASET, "report": DataChoice(data=data)}
    validate.function(params=params(), ins=Ins(), outs=Outs(), **chosen, cache=Path("cache"))


def outputs() -> dict[str, bytes]:
    paths = (Outs().verdicts, Outs().quarantine, Outs().metrics, Outs().results)
    return {path.name: path.read_bytes() for path in paths}


def verdicts() -> list[list[str]]:
    header, *lines = csv.reader(Outs().verdicts.read_text().splitlines())
    assert header == ["accepted", "reason"]
    return lines


def test_sound_images_are_accepted_and_an_old_refusal_goes() -> None:
    PAGE.parent.mkdir(parents=True)
    PAGE.write_text("old")
    run(*base(), draw("week", 80, 10))
    assert not PAGE.exists()
    assert verdicts() == [["1", ""]] * 780
    results, metrics = read_json(Outs().results), read_json(Outs().metrics)
    assert results["passed"] is True
    assert metrics["train"]["num_images"] == results["files"]["train"]["num_images"] == 600
    assert "[" not in json.dumps(metrics)
    assert [picture["name"] for picture in results["thumbnails"]["classes"]] == [*CLASSES]
    assert "Nothing is left out." in Outs().quarantine.read_text()


def test_a_batch_is_left_out_and_the_night_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    dark = draw("dark", 240, 10)
    run(*base(), dark.of(images=dark.images // 2), draw("week", 80, 11), data="digits")
    lines = verdicts()
    assert [accepted for accepted, _ in lines] == ["1"] * 700 + ["0"] * 240 + ["1"] * 80
    assert lines[700][1].startswith("its batch is quarantined: drift")
    assert "drift failed (quarantine)" in caplog.text
    page = Outs().quarantine.read_text()
    assert "Batch dark" in page and "accept BATCH --why &#34;...&#34; --data digits</code>" in page
    assert read_json(Outs().metrics)["batches"] == {
        "accepted": 2,
        "accepted_by_hand": 0,
        "quarantined": 1,
    }


def test_a_person_lets_a_batch_in() -> None:
    dark = draw("dark", 240, 10)
    batch = AcceptedBatch(
        digest=batch_digest("dark"), data="shapes", batch="dark", why="dusk", who="me", when="2026-11-30"
    )
    write_accepted(catalog.ACCEPTED, [batch])
    run(*base(), dark.of(images=dark.images // 2))
    assert [accepted for accepted, _ in verdicts()] == ["1"] * 940
    assert read_json(Outs().results)["batches"][1]["state"] == "accepted by hand"


def test_results_are_the_same_with_and_without_a_cache() -> None:
    parts = (*base(), draw("week-1", 240, 10), draw("week-2", 240, 11))
    run(*parts[:3])
    run(*parts)
    warm = outputs()
    for entry in Path("cache").iterdir():
        entry.unlink()
    run(*parts)
    assert outputs() == warm


def refused(
    *parts: Part, error: type[Exception] = RefusedError, foreign: dict[int, str] | None = None
) -> tuple[str, str]:
    """Run, and return the error's text and the page's."""
    with pytest.raises(error) as caught:
        run(*parts, foreign=foreign)
    assert type(caught.value) is error
    assert not Outs().results.exists() and not Outs().verdicts.exists()
    assert f"See {PAGE.resolve()}." in str(caught.value)
    return str(caught.value), PAGE.read_text()


def test_an_unfit_base_is_refused() -> None:
    train, test = base()
    text, page = refused(train, test.of(labels=(test.labels + 1) % 4))
    assert text.startswith(
        "Shapes was refused.\ntest_labels: expected at most 0.2 more of the test labels"
    )
    assert "test_labels" in page and "Nothing was trained, and the model in service stays." in page


def test_labels_of_no_class_are_refused_in_a_base(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = base()
    train.labels[42] = -1
    with monkeypatch.context() as patched:
        patched.setenv(RUN_VARIABLE, "20261130T230500Z-brave-cat")
        text, page = refused(train, test, foreign={42: "boot"})
    assert "foreign_labels: expected no label that is no class; got train (foreign: 1)" in text
    assert "base/train[42] (label: &#39;boot&#39;, which is no class)" in page
    assert page.count("<img") == 2
    assert 'run 20261130T230500Z-brave-cat · <a href="../index.html">all runs</a>' in page


def test_what_cannot_be_read_is_refused() -> None:
    write_intake(catalog.INTAKE, intake(base()))
    (catalog.INTAKE / "images.npy").write_bytes(b"no array")
    text, page = refused(error=DataError)
    assert "data/intake is not what the step intake writes: " in text
    assert "data/intake is not what the step intake writes: " in page


PROJECT = Path(__file__).parents[3]
MIRROR = Path(os.environ.get("LITESMITH_MIRROR") or PROJECT.parent / "shared/fashion-mnist")


@pytest.mark.skipif(
    not MIRROR.is_dir(), reason="needs Fashion-MNIST: name its folder in LITESMITH_MIRROR"
)
def test_the_real_set_passes() -> None:
    real = read_params(PROJECT / "params.yaml")
    parts = [
        Part("base", images.reshape(-1, 28, 28, 1), labels.astype(np.int64), given)
        for given, (images, labels) in (
            (given, read_pair(*pair)) for given, pair in idx_pairs(MIRROR).items()
        )
    ]
    names = real.dataset.classes or ()
    write_intake(catalog.INTAKE, intake(parts, form(class_names=names, height=28, width=28)))
    arguments = validate.arguments(real)
    validate.function(ins=Ins(), outs=Outs(), cache=Path("cache"), **arguments)
    results = read_json(Outs().results)
    failed = {rule["name"]: rule["severity"] for rule in results["rules"] if not rule["success"]}
    assert failed == {"near_copies": "quarantine"}
    train, test = results["files"]["train"], results["files"]["test"]
    assert (train["per_class"], test["per_class"]) == ([6000] * 10, [1000] * 10)
    assert (train["duplicates"], test["duplicates"], results["overlap"]) == (0, 0, 0)
    assert (round(train["mean"], 4), round(train["std"], 4)) == (0.2860, 0.3530)
    # All are pairs that differ in hardly more than their contrast.
    assert 10 < sum(left["num_images"] for left in results["left_out"]) < 60
    assert [row[0] for row in verdicts()].count("0") < 60
