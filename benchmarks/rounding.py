"""The cost of int8 after training, and after quantization-aware training, over several seeds.

    python -m benchmarks.rounding

Each int8 file answers the validation images under LiteRT, and is compared image by image with its Keras
model: ``tuned`` is quantized after training, ``qat`` was fine-tuned with quantization on the way
forward. The networks run every layer once, as TF-MOT requires. Finished work is cached in
`.litesmith/rounding`, so that a killed command goes on.
"""

import logging
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cache import Answers, cached_answers, name_for
from benchmarks.networks import network_for, read_form
from benchmarks.numbers import read_numbers
from benchmarks.record import Claim, write_result
from benchmarks.spent import total
from litesmith.analysis.paired import paired
from litesmith.analysis.scores import accuracy
from litesmith.compression.quantization import quantize_aware
from litesmith.data.splits import Split, read_split, sample_rows
from litesmith.files import write_bytes
from litesmith.params.loading import read_params
from litesmith.params.section import ComputeDtype, Count, Section, Share
from litesmith.params.sections.dataset import Division
from litesmith.params.sections.network import NetworkParams
from litesmith.params.sections.recipe import Recipe
from litesmith.tflite import converter, runtime
from litesmith.tflite.precisions.int8 import INT8
from litesmith.training import backend, loop
from litesmith.training.backend import derived_seed
from litesmith.training.job import TrainingJob
from litesmith.training.networks import build_network
from tasks import catalog

CONFIG = Path(__file__).with_suffix(".yaml")
RESULT = Path("benchmarks/results/rounding.json")
WORK = Path(".litesmith/rounding")
WORDS = {"tuned": "quantized after training", "qat": "quantization-aware training"}


class Config(Section):
    """All of ``rounding.yaml``."""

    seeds: list[int]
    max_loss: dict[str, Share]
    network: NetworkParams
    recipe: Recipe
    compute_dtype: ComputeDtype
    tuning: Recipe
    num_calibration: Count

    def folder(self, seed: int) -> Path:
        """Return the folder of the networks of a seed; other numbers have another folder."""
        own, split = (
            self.model_dump(exclude={"seeds", "max_loss"}),
            read_params(catalog.PARAMS).dataset.part(Division).deciding(),
        )
        return WORK / name_for([own, split]) / str(seed)


def main() -> None:
    """Train what is not trained yet, and write the cost of rounding."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = read_numbers(CONFIG, Config)
    backend.set_threads(1)
    labels = read_split(catalog.VALIDATION).labels
    answers = [
        cached_answers(config.folder(seed), partial(_trained, config, seed)) for seed in config.seeds
    ]
    networks = {name: _lost(labels, name, answers) for name in WORDS}
    settings = config.model_dump(include={"network", "recipe", "compute_dtype", "tuning"})
    spent = {"cpu_s": [total(config.folder(seed)) for seed in config.seeds]}
    claims = [_claim(name, figures, config) for name, figures in networks.items()]
    write_result(
        RESULT,
        {"command": "python -m benchmarks.rounding", **settings, **spent, "networks": networks},
        claims,
    )


def _trained(config: Config, seed: int) -> Answers:
    train, validation = read_split(catalog.TRAIN), read_split(catalog.VALIDATION)
    own, work = derived_seed("rounding", seed), config.folder(seed)
    backend.seed_everything(own)
    tuned = build_network(network_for(config.network), "tuned")
    dtype, images = config.compute_dtype, (train, validation, read_form())
    loop.train(tuned, TrainingJob(*images, config.recipe, own, work=work, compute_dtype=dtype))
    job = TrainingJob(*images, config.tuning, own, work=work)
    qat, _ = quantize_aware(tuned, job, keep_zeros=False, name="qat")
    rows = sample_rows(train.labels, config.num_calibration, own)
    return {
        key: predictions
        for name, model in (("tuned", tuned), ("qat", qat))
        for key, predictions in _both(name, model, train.images[rows], validation, work).items()
    }


def _both(
    name: str, model: Any, calibration: NDArray[np.uint8], validation: Split, work: Path
) -> Answers:
    """Return the answers of a model and its int8 file."""
    path = work / f"{name}.tflite"
    write_bytes(path, INT8.convert(model, calibration))
    predictions = {
        name: converter.probabilities(model, validation.images),
        f"{name}-int8": runtime.predict(path, validation.images),
    }
    return {key: answer.argmax(axis=1).astype(np.uint8) for key, answer in predictions.items()}


def _lost(labels: NDArray[np.uint8], name: str, answers: list[Answers]) -> dict[str, Any]:
    """Return the accuracies with and without rounding by seed, and the mean cost of rounding."""
    pairs = [(answer[name], answer[f"{name}-int8"]) for answer in answers]
    compared = [paired(whole == labels, rounded == labels) for whole, rounded in pairs]
    losses = [round(difference.mean, 6) for difference in compared]
    return {
        "accuracy": [round(accuracy(labels, whole), 6) for whole, _ in pairs],
        "int8_accuracy": [round(accuracy(labels, rounded), 6) for _, rounded in pairs],
        "loss": losses,
        "mean_loss": round(fmean(losses), 6),
        "standard_deviation": round(stdev(losses), 6) if len(losses) > 1 else None,
    }


def _claim(name: str, measured: dict[str, Any], config: Config) -> Claim:
    what, note = f"validation accuracy lost by int8, {WORDS[name]}", f"{len(config.seeds)} seeds"
    return Claim(what, "points", measured["mean_loss"], config.max_loss[name], True, note=note)


if __name__ == "__main__":
    main()
