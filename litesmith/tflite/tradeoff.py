"""Accuracy against size of all files of a run."""

from collections.abc import Mapping

from litesmith.analysis.intervals import CONFIDENCE, wilson
from litesmith.analysis.pareto import Priced, standings
from litesmith.records.convert import ConvertedFile
from litesmith.records.final.tradeoff import Tradeoff, TradeoffFile


def weigh_files(files: Mapping[str, ConvertedFile], num_images: int) -> Tradeoff:
    """Return where each file stands between bytes and accuracy.

    Accuracy is that on the validation images, on which files are chosen; see
    `litesmith.analysis.pareto.standings`.

    Args:
        files: By name.
        num_images: Validation images, at least 1.

    Raises:
        ValueError: There is no image.
    """
    names = sorted(files, key=lambda name: (files[name].bytes, files[name].gzip_bytes, name))
    priced = [Priced(files[name].bytes, files[name].validation_accuracy) for name in names]
    weighed = {}
    for name, standing in zip(names, standings(priced, num_images), strict=True):
        file = files[name]
        accuracy = wilson(round(file.validation_accuracy * num_images), num_images, CONFIDENCE)
        if accuracy is None:
            raise ValueError("there is no validation image, expected at least one")
        weighed[name] = TradeoffFile(
            bytes=file.bytes, gzip_bytes=file.gzip_bytes, accuracy=accuracy, standing=standing
        )
    return Tradeoff(num_images=num_images, files=weighed)
