from pathlib import Path

from flows.artifacts import results_rows, text_table
from litesmith.files import write_json
from tasks import catalog


def _variant(accuracy: float, size_bytes: int) -> dict[str, object]:
    return {
        "accuracy": accuracy,
        "accuracy_interval": [accuracy - 0.005, accuracy + 0.005],
        "bytes": size_bytes,
        "gzip_bytes": size_bytes // 2,
        "balance": {
            "accuracy": {"value": accuracy - 0.01, "low": 0.8, "high": 0.99},
            "chance": 0.5,
            "worst": {"label": 1, "recall": {"value": 0.875, "low": 0.7, "high": 0.9}, "num_images": 40},
        },
        "per_class": [{"name": "left"}, {"name": "right hand side"}],
    }


def test_the_table_has_a_row_for_each_variant_and_names_the_final_one(tmp_path: Path) -> None:
    variants = {"baseline-keras": _variant(0.91, 1000000), "tuned-int8": _variant(0.934, 96000)}
    write_json(tmp_path / catalog.results("evaluate"), {"final": "tuned-int8", "variants": variants})
    rows = results_rows(tmp_path)
    assert [row["model"] for row in rows] == ["baseline-keras", "tuned-int8 (final)"]
    assert rows[1]["accuracy"] == "0.9340"
    assert rows[1]["95 % interval"] == "0.9290 to 0.9390"
    assert text_table(rows).splitlines() == [
        "model               accuracy     95 % interval  balanced          worst class      bytes  gzip bytes",
        "baseline-keras        0.9100  0.9050 to 0.9150    0.9000  right hand … 0.8750  1,000,000     500,000",
        "tuned-int8 (final)    0.9340  0.9290 to 0.9390    0.9240  right hand … 0.8750     96,000      48,000",
    ]


def test_results_of_an_earlier_version_are_shown_without_classes(tmp_path: Path) -> None:
    older = _variant(0.91, 1000)
    del older["balance"], older["per_class"]
    write_json(
        tmp_path / catalog.results("evaluate"), {"final": "a-int8", "variants": {"a-int8": older}}
    )
    (row,) = results_rows(tmp_path)
    assert (row["balanced"], row["worst class"]) == ("\u2013", "\u2013")


def test_there_is_no_table_before_the_first_evaluation(tmp_path: Path) -> None:
    assert results_rows(tmp_path) == []
    assert text_table([]) == ""
