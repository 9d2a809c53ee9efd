"""Tests of litesmith.tflite.tradeoff."""

from litesmith.analysis.intervals import wilson
from litesmith.tflite.tradeoff import weigh_files
from tests.litesmith.report.report_inputs import report_inputs


def test_every_file_stands_somewhere_between_size_and_accuracy() -> None:
    files = report_inputs().results.convert.files
    tradeoff = weigh_files(files, 5000)
    assert set(tradeoff.files) == set(files) and tradeoff.num_images == 5000
    sizes = [file.bytes for file in tradeoff.files.values()]
    assert sizes == sorted(sizes)
    front = [name for name, file in tradeoff.files.items() if file.standing == "frontier"]
    # accuracy on validation: 0.9374 of 96,248 bytes, 0.9376 of 96,304, 0.9379 of 100,336, 0.9381 of 172,884
    assert front == ["tuned-int8", "qat-int8", "tuned-dynamic", "tuned-float16"]
    assert tradeoff.files["tuned-float32"].standing == "tied"


def test_accuracy_has_wilsons_interval_on_validation() -> None:
    files = report_inputs().results.convert.files
    file = weigh_files(files, 5000).files["tuned-int8"]
    assert file.accuracy == wilson(4687, 5000, 0.95)
    assert (file.bytes, file.gzip_bytes) == (files["tuned-int8"].bytes, files["tuned-int8"].gzip_bytes)


def test_a_much_worse_file_of_more_bytes_is_behind() -> None:
    files = dict(report_inputs().results.convert.files)
    files["pruned-float32"] = files["pruned-float32"].model_copy(update={"validation_accuracy": 0.8})
    assert weigh_files(files, 5000).files["pruned-float32"].standing == "behind"
