"""Checks of parameters against the images that were prepared."""

from collections.abc import Iterator
from pathlib import Path

from litesmith.errors import ParamsError
from litesmith.params.everything import Params
from litesmith.records.form import DataForm
from litesmith.records.prepare import PrepareResult
from litesmith.records.record import read_record
from tasks import catalog

# Pixels that the shorter side must keep after the last stage; each halves it.
_LEAST_SIDE = 2


def require_fitting(params: Params, root: Path) -> None:
    """Check that parameters fit the splits below ``root``; without them nothing is checked.

    Raises:
        ParamsError: Every parameter that does not fit, one a line, with what would.
        DataError: What the step ``prepare`` wrote cannot be read.
    """
    prepared, form = root / catalog.results("prepare"), root / catalog.FORM
    if not prepared.is_file() or not form.is_file():
        return
    splits, shape = read_record(prepared, PrepareResult).splits, read_record(form, DataForm)
    wrong = [
        *_batches(params, splits[catalog.TRAIN.name].num_images),
        *_samples(params, shape.num_classes),
        *_stages(params, min(shape.height, shape.width)),
    ]
    if wrong:
        raise ParamsError(
            f"params.yaml does not fit the images of {params.dataset.name}:\n" + "\n".join(wrong)
        )


def _batches(params: Params, num_train: int) -> Iterator[str]:
    """Name each batch that is larger than the training images."""
    sizes = {
        "baseline.batch_size": params.baseline.batch_size,
        "sweep.space.batch_sizes": min(params.sweep.space.batch_sizes),
        "prune.recipe.batch_size": params.prune.recipe.batch_size,
    }
    if params.teach.num_teachers:
        sizes["teach.recipe.batch_size"] = params.teach.recipe.batch_size
    if params.quantize.variants:
        sizes["quantize.recipe.batch_size"] = params.quantize.recipe.batch_size
    for name, size in sizes.items():
        if size > num_train:
            yield f"{name} is {size}, and there are {num_train} training images: {num_train} at most."


def _samples(params: Params, num_classes: int) -> Iterator[str]:
    """Name each sample that cannot hold an image of every class."""
    for name in ("num_calibration", "num_golden"):
        number = getattr(params.convert, name)
        if number < num_classes:
            yield f"convert.{name} is {number}, and there are {num_classes} classes: one image of each."


def _stages(params: Params, side: int) -> Iterator[str]:
    """Name each network whose stages the shorter side of the images does not allow."""
    stages = {"sweep.space.stages": min(params.sweep.space.stages)}
    if params.teach.num_teachers:
        stages["teach.network.stage_widths"] = len(params.teach.network.stage_widths)
    most = (side // _LEAST_SIDE).bit_length() - 1
    for name, number in stages.items():
        if number > most:
            yield (
                f"{name} asks for {number} stages, each of which halves the images, and their shorter "
                f"side has {side} pixels: {most} at most."
            )
