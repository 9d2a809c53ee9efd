"""Measure a finished student on the official test images, once: nothing is chosen by it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.frontier.entries import entries_of
from benchmarks.frontier.plan import RESULT, Config, student_folder
from benchmarks.record import where
from litesmith.analysis.intervals import CONFIDENCE
from litesmith.analysis.paired import paired
from litesmith.analysis.scores import accuracy, agreement
from litesmith.data.splits import Split, read_split
from litesmith.device import registry
from litesmith.errors import ContractError, ParamsError
from litesmith.evaluation import Answers, score_variant
from litesmith.files import read_json, write_json
from litesmith.params.loading import read_params
from litesmith.params.sections.evaluate import EvaluateParams
from litesmith.records.form import DataForm
from litesmith.records.record import read_record
from litesmith.tflite import runtime
from litesmith.tflite.latency import measure_latency
from litesmith.tflite.sizes import measure_size
from tasks import catalog

_SHOWN = {"accuracy", "accuracy_interval", "bytes", "gzip_bytes"}


def measure(config: Config, budget: str, seed: int) -> None:
    """Measure the student of a budget and a seed and write ``measured.json`` into its folder.

    Raises:
        ParamsError: There is no such budget or seed.
        ContractError: The student is not finished, or was measured before.
        MachineError: A tool that ``evaluate.measure`` asks for is not installed.
    """
    folder = _unmeasured(config, budget, seed)
    params = read_params(catalog.PARAMS)
    registry.require(params.evaluate.measure)
    test, file, record = (
        read_split(catalog.TEST),
        folder / "int8.tflite",
        read_json(folder / "made.json"),
    )
    # Time comes first: TensorFlow, which the Keras parent needs, is not there yet to take part of the
    # machine.
    latency = _latency(params.evaluate, file, test)
    device = _device(params.evaluate, file)
    scored = _scores(folder, test, read_record(catalog.FORM, DataForm).class_names)
    measured = {
        "budget": int(budget),
        "fingerprint": config.fingerprint(budget),
        "seed": seed,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "num_images": len(test.labels),
        "confidence": CONFIDENCE,
        **scored,
        "num_parameters": record["num_parameters"],
        "macs": record["macs"],
        "latency": latency,
        **device,
        "validation_accuracy": record["validation"]["accuracy"],
        "training_cpu_s": record["cpu_s"],
        "trained_on": {"host": record["host"], "versions": record.get("versions")},
        "measured_on": where(),
    }
    write_json(folder / "measured.json", measured)


def _unmeasured(config: Config, budget: str, seed: int) -> Path:
    """Return the folder of a finished student that was not measured yet."""
    config.budget(budget)
    if seed not in config.seeds:
        raise ParamsError(
            f"{seed} is no seed of the frontier. Expected one of {config.seeds}: exactly these count."
        )
    folder = student_folder(config, budget, seed)
    missing = [
        name for name in ("int8.tflite", "model.h5", "made.json") if not (folder / name).is_file()
    ]
    if missing:
        raise ContractError(
            f"{folder.name} is not finished: {', '.join(missing)} missing in {folder}. "
            f"Run `python -m benchmarks.frontier student {budget} {seed}` first."
        )
    for entry in entries_of(config, budget):
        if entry["seed"] == seed:
            raise ContractError(
                f"{folder.name} was measured before, and the test images are opened once for each "
                f"entry. Its SHA-256 is {entry['sha256']}; `python -m benchmarks.frontier collect` "
                f"takes it into {RESULT}."
            )
    return folder


def _latency(params: EvaluateParams, file: Path, test: Split) -> dict[str, Any]:
    times = measure_latency(
        {"int8": file},
        test.images[: params.latency_runs],
        num_warmup=params.latency_warmup,
        num_rounds=params.latency_rounds,
        runs_per_round=params.latency_runs,
    )
    return {**times["int8"].model_dump(), "num_threads": 1, "runtime": runtime.RUNTIME}


def _device(params: EvaluateParams, file: Path) -> dict[str, Any]:
    """Measure what the file needs of the devices that are asked for; None stands for what is not."""
    costs: dict[str, Any] = {measurement.name: None for measurement in registry.MEASUREMENTS}
    for measurement in registry.MEASUREMENTS:
        if measurement.name in params.measure:
            costs[measurement.name] = {
                "tool": measurement.describe_tool(),
                **measurement.settings(params),
                **measurement.measure(file, params),
            }
    return costs


def _scores(folder: Path, test: Split, class_names: Sequence[str]) -> dict[str, Any]:
    """Let the file and the Keras model that it was made from answer, and compare them."""
    parent, file = _parent(folder, test), _file(folder, test)
    scored = score_variant(file, test.labels, class_names).model_dump(mode="json", include=_SHOWN)
    lost = paired(parent.predicted == test.labels, file.predicted == test.labels)
    return {
        **scored,
        "keras_accuracy": accuracy(test.labels, parent.predicted),
        "quantization_loss": round(lost.mean, 6),
        "quantization_loss_standard_error": round(lost.standard_error, 6),
        "agreement": agreement(parent.predicted, file.predicted),
    }


def _file(folder: Path, test: Split) -> Answers:
    path = folder / "int8.tflite"
    return Answers(folder.name, "tflite", "int8", measure_size(path), runtime.predict(path, test.images))


def _parent(folder: Path, test: Split) -> Answers:
    from litesmith.tflite import converter
    from litesmith.training import backend

    backend.set_threads(1)
    path = folder / "model.h5"
    answers = converter.probabilities(backend.load_h5(path), test.images)
    return Answers(folder.name, "keras", "float32", measure_size(path), answers)
