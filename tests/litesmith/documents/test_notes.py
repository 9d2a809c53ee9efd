import copy
import math
import re
from typing import Any

import pytest

from litesmith.documents.notes import (
    Evidence,
    conversion,
    ladder,
    noise,
    render_notes,
    speed,
    transformer_cost,
)
from litesmith.errors import ContractError


def _trial(number: int, state: str, size_bytes: int, *accuracies: float) -> dict[str, Any]:
    rungs = [
        {"rung": rung, "epochs": 4, "num_rows": 1000 * (rung + 1), "accuracy": accuracy, "loss": 0.5}
        for rung, accuracy in enumerate(accuracies)
    ]
    return {
        "number": number,
        "state": state,
        "rungs": rungs,
        "tflite_bytes": size_bytes,
        "macs": 50 * size_bytes,
    }


def _variant(accuracy: float, size_bytes: int) -> dict[str, Any]:
    return {"accuracy": accuracy, "bytes": size_bytes, "gzip_bytes": size_bytes // 2}


def _tuning(accuracy: float, dropout_rate: float) -> dict[str, Any]:
    return {"dropout_rate": dropout_rate, "validation": {"accuracy": accuracy, "loss": 0.2372}}


def _file(model: str, agreement: float, *passed: bool) -> dict[str, Any]:
    return {
        "model": model,
        "agreement_with_keras": agreement,
        "checks": [{"passed": one} for one in passed],
        "input": {"scale": 0.00392157, "zero_point": -128},
        "sparsity": {"overall": 0.5},
    }


@pytest.fixture
def evidence() -> Evidence:
    results = {
        "validate": {"rules": [{}, {}]},
        "prepare": {"splits": {"train": {"num_images": 50000}, "validation": {"num_images": 2500}}},
        "baseline": {
            "recipe": {"learning_rate": 0.001}, "num_parameters": 225034, "macs": 2631040,
            "train": {"accuracy": 0.95}, "validation": {"accuracy": 0.91},
        },
        "sweep": {
            "winner": {"macs": 3000000, "tflite_bytes": 70000, "activation_bytes": 15680,
                       "choices": {"dropout_rate": 0.0004}},
            "trials": [
                _trial(0, "complete", 60000, 0.85, 0.88), _trial(1, "pruned", 80000, 0.80),
                _trial(2, "complete", 70000, 0.84, 0.89), _trial(3, "infeasible", 99000),
                _trial(4, "diverged", 50000, 0),
            ],
            "full_training": {"epochs": 26},
        },
        "sweep-timing": {
            "trials": [{"rung": 0, "cpu_s": 20.0}, {"rung": 0, "cpu_s": 30.0}, {"rung": 1, "cpu_s": 60.0}],
        },
        "prune": {
            "sparsity_asked": 0.5, "sparsity_reached": 0.5, "recipe": {"epochs": 4},
            "ablation": {"winner": _tuning(0.93, 0.0), "dropout_only": _tuning(0.931, 0.1),
                         "pruned_only": _tuning(0.929, 0.0), "pruned_with_dropout": _tuning(0.93, 0.1)},
        },
        "convert": {
            "files": {"baseline-float32": _file("baseline", 1.0, True), "tuned-int8": _file("tuned", 0.98, True, True),
                      "pruned-int8": _file("pruned", 0.99, True, False)},
            "refused": {},
            "final": {"reason": "tuned-int8 is the most accurate."},
        },
        "evaluate": {
            "num_images": 10000, "final": "tuned-int8",
            "variants": {
                "baseline-keras": _variant(0.906, 900000), "baseline-float32": _variant(0.906, 880000),
                "tuned-keras": _variant(0.926, 300000), "tuned-float32": _variant(0.926, 250000),
                "tuned-float16": _variant(0.926, 127000), "tuned-dynamic": _variant(0.9262, 69000),
                "tuned-int8": _variant(0.927, 70000), "pruned-int8": _variant(0.926, 70010),
            },
        },
    }  # fmt: skip
    timed = {name: {"median_ms": 0.14, "p99_ms": 0.21} for name in ("tuned-int8", "pruned-int8")}
    latency = {
        "host": {"cpu": "Some Processor", "cores": 2, "system": "Linux", "python": "3.11.7"},
        "runtime": "LiteRT", "num_threads": 1,
        "variants": {**timed, "tuned-float32": {"median_ms": 0.1, "p99_ms": 0.2}},
    }  # fmt: skip
    made: dict[str, Any] = {step: {"cpu_s": 1234.5} for step in ("baseline", "sweep")}
    made["prune"] = {"parameters": {"params": {"pruning": {"min_weights": 1000}}}}
    made["convert"] = {"parameters": {"params": {"num_calibration": 500}}}
    limits = {"max_tflite_bytes": 100000, "max_macs": 5000000, "max_activation_bytes": 32000}
    return Evidence(results, latency, made, limits, {"dropout_rates": [0.0, 0.1]}, (28, 28, 10))


def test_the_ladder_compares_trials_of_one_rung_and_leaves_out_what_diverged(evidence: Evidence) -> None:
    found = ladder(evidence)
    assert found["first"] == {"num": 3, "low": 0.80, "high": 0.85, "num_rows": 1000}
    assert found["last"] == {"num": 2, "low": 0.88, "high": 0.89, "num_rows": 2000}
    assert (found["num_infeasible"], found["num_diverged"], found["num_rungs"]) == (1, 1, 2)
    assert (found["cpu_s"], found["first_cpu_s"]) == (110.0, 25.0)
    assert found["bytes"] == [60000, 80000]
    assert found["noise"] == noise(0.84, 2500)


def test_noise_is_two_standard_errors() -> None:
    assert noise(0.9, 10000) == pytest.approx(0.006)
    assert noise(0.5, 100) == pytest.approx(0.1)


def test_the_conversion_names_the_file_least_like_its_model(evidence: Evidence) -> None:
    found = conversion(evidence)
    assert (found["worst"], found["worst_agreement"]) == ("tuned-int8", 0.98)
    assert (found["num_files"], found["num_models"], found["num_checks"], found["num_failed"]) == (
        3,
        3,
        5,
        1,
    )


def test_a_refused_file_is_named_beside_the_checks(evidence: Evidence) -> None:
    assert "refused" not in render_notes(evidence)
    evidence.results["convert"]["refused"] = {"clustered-int8": "golden: largest error 0.9"}
    assert "(clustered-int8 failed one, was refused and is not counted)" in " ".join(
        render_notes(evidence).split()
    )


def test_speed_is_told_as_ratios(evidence: Evidence) -> None:
    found = speed(evidence)
    assert found["int8_against_float"] == pytest.approx(0.1 / 0.14)
    assert found["tail"] == pytest.approx(1.5)
    assert found["macs_per_s"] == pytest.approx(3e10)


def test_a_transformer_is_counted_weight_by_weight() -> None:
    tokens, patch_values, channels = 5, 16, 8
    weights, macs = transformer_cost(tokens, patch_values, channels, 1, 10)
    attention, dense = 4 * channels**2, 2 * channels * (4 * channels)
    assert weights == patch_values * channels + tokens * channels + attention + dense + channels * 10
    scores = tokens * tokens * channels
    assert (
        macs == 4 * patch_values * channels + tokens * (attention + dense) + 2 * scores + channels * 10
    )


def test_the_notes_answer_eight_questions_with_the_recorded_figures(evidence: Evidence) -> None:
    text = render_notes(evidence)
    assert re.findall(r"^## (\d)\. .*\?$", text, re.MULTILINE) == [str(number) for number in range(1, 9)]
    flat = text.replace("\n", " ").replace("\u2009", " ")
    assert "225 034 weights, 90.60 % on test" in flat
    assert "ended between 80.00 % and 85.00 % on validation" in flat
    assert "| full int8 | 70 000 | 35 000 | 92.70 | +0.10 |" in flat
    assert "int8 is 1.4 times slower. Fewer bits are not fewer milliseconds." in flat
    assert "of which 1 failed in this run" in flat
    assert "a zero takes its byte" in flat
    sources = set(re.findall(r"^(\d+)\. ", text, re.MULTILINE))
    assert set(re.findall(r"\[(\d+)\]", text)) == sources
    assert text.endswith("\n") and not re.search(r"[ \t]$", text, re.MULTILINE)


def _changed(evidence: Evidence, path: str, value: Any) -> Evidence:
    changed = copy.deepcopy(evidence)
    *way, last = path.split("/")
    place: Any = {"results": changed.results, "latency": changed.latency}[way[0]]
    for key in way[1:]:
        place = place[int(key) if key.isdigit() else key]
    place[last] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value", "before", "after"),
    [
        (
            "latency/variants/tuned-int8/median_ms",
            0.05,
            "int8 is 1.4 times slower",
            "pay in time as well",
        ),
        (
            "results/prune/ablation/dropout_only/validation/accuracy",
            0.95,
            "Neither can be told",
            "So it depends on",
        ),
        (
            "results/sweep/trials/1/rungs/0/accuracy",
            0.838,
            "the choice decided it",
            "no more than chance explains",
        ),
        (
            "results/evaluate/variants/pruned-int8/bytes",
            40000,
            "a zero takes its byte",
            "has 40 000 bytes",
        ),
        ("results/sweep/winner/choices/dropout_rate", 0.099, "next to none", "near the upper end"),
    ],
)
def test_sentences_follow_the_figures(
    evidence: Evidence, path: str, value: Any, before: str, after: str
) -> None:
    changed = _changed(evidence, path, value)
    first, second = (
        render_notes(one).replace("\n", " ").replace("\u2009", " ") for one in (evidence, changed)
    )
    assert before in first
    assert before not in second
    assert after in second


def test_devices_are_quoted_where_they_were_measured(evidence: Evidence) -> None:
    assert "TensorFlow Lite Micro, tuned-int8" not in render_notes(evidence)
    npu = {"accelerator": "ethos-u55-128", "files": {"tuned-int8": {"cycles": 123456, "ms": 0.25}}}
    device = {"mcu": {"files": {"tuned-int8": {"arena_bytes": 31234}}}, "npu": npu}
    measured = _changed(evidence, "results/evaluate/device", device)
    measured.limits["max_arena_bytes"] = 64000  # type: ignore[index]
    flat = render_notes(measured).replace("\n", " ").replace("\u2009", " ")
    assert "Run by TensorFlow Lite Micro, tuned-int8 needs 31 234 bytes of RAM besides itself" in flat
    assert (
        "expects 123 456 cycles for an image of tuned-int8, 0.250 ms at that processor's clock: more than"
        in flat
    )
    refused = {"mcu": {"files": {"tuned-int8": {"refused": "no kernel"}}}, "npu": None}
    assert "besides itself" not in render_notes(_changed(evidence, "results/evaluate/device", refused))


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("results/prune/ablation/pruned_only", {}, "validation"),
        ("results/sweep/full_training", {}, "epochs"),
        ("latency/variants", {}, "tuned-float32"),
        ("results/evaluate/variants/tuned-int8/gzip_bytes", None, "NoneType"),
        ("results/sweep/trials", [], "arg"),
    ],
)
def test_a_missing_figure_is_an_error_that_names_it(
    evidence: Evidence, path: str, value: Any, named: str
) -> None:
    with pytest.raises(
        ContractError,
        match=f"a figure that the notes quote is not recorded: .*{named}.* Run `dvc repro`",
    ):
        render_notes(_changed(evidence, path, value))


def test_the_same_evidence_gives_the_same_text(evidence: Evidence) -> None:
    assert render_notes(evidence) == render_notes(copy.deepcopy(evidence))
    assert math.isclose(noise(0.0, 10), 0.0)


def test_what_fine_tuning_for_conversion_brought_is_told_where_it_was_done(evidence: Evidence) -> None:
    assert "Rounding can be learned" not in render_notes(evidence)
    variants = evidence.results["evaluate"]["variants"]
    dense = variants["tuned-int8"]
    variants["qat-int8"] = {**dense, "accuracy": dense["accuracy"] + 0.0003}
    variants["clustered-int8"] = {**dense, "gzip_bytes": 12345}
    text = re.sub(r"\s+", " ", render_notes(evidence))
    assert (
        "against the int8 file that was only converted +0.03 points, within chance. Held to few distinct"
        in text
    )
    assert re.search(r"travels in 12.345 instead of", text)
