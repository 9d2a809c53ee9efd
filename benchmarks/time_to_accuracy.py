"""CPU-seconds until a validation accuracy, our recipe against the plain way, on one thread.

    python -m benchmarks.time_to_accuracy

The plain way is the baseline's network under Keras `fit`: Adam, batches of 32, no augmentation. Ours is
a network and a recipe for each length of training, since a one-cycle schedule earns its accuracy at its
end; an accuracy counts as reached by the way that reaches it first. Building and tracing are counted,
reading the data is not. Everything is judged on the validation split after each epoch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.networks import network_for, read_form
from benchmarks.numbers import read_numbers
from benchmarks.plain import arrays, baseline_network
from benchmarks.record import Claim, write_result
from litesmith.data.splits import Split, read_split
from litesmith.host import cpu_seconds
from litesmith.params.everything import Params
from litesmith.params.loading import read_params
from litesmith.params.section import ComputeDtype, Count, Section, Seed
from litesmith.params.sections.network import NetworkParams
from litesmith.params.sections.recipe import Recipe
from litesmith.training import backend, networks
from litesmith.training.backend import derived_seed
from litesmith.training.job import TrainingJob
from litesmith.training.loop import Loop
from litesmith.training.networks import computing_in
from tasks import catalog

CONFIG = Path(__file__).with_suffix(".yaml")
RESULT = Path("benchmarks/results/time_to_accuracy.json")


class Plain(Section):
    """The plain way."""

    epochs: Count
    batch_size: Count
    learning_rate: float


class Way(Section):
    """One of ours."""

    network: NetworkParams
    recipe: Recipe
    compute_dtype: ComputeDtype


class Config(Section):
    """All of ``time_to_accuracy.yaml``."""

    seed: Seed
    targets: list[float]
    max_share: float
    goal_share: float
    plain: Plain
    ways: list[Way]


@dataclass(frozen=True)
class Point:
    """What is reached after an epoch.

    Attributes:
        cpu_s: CPU-seconds since the network began to be built.
        accuracy: On validation, 0 to 1.
    """

    cpu_s: float
    accuracy: float


def main() -> None:
    """Train in all ways and write when each target was reached."""
    config = read_numbers(CONFIG, Config)
    params = read_params(catalog.PARAMS)
    backend.set_threads(1)
    train, validation = read_split(catalog.TRAIN), read_split(catalog.VALIDATION)
    plain = list(_plain(config, params, train, validation))
    ours = [list(_ours(config, way, train, validation)) for way in config.ways]
    ratio, claim = compare(plain, ours, config.max_share, config.goal_share)
    result = {
        "command": "python -m benchmarks.time_to_accuracy",
        "targets": {
            str(target): {"plain_cpu_s": reached([plain], target), "ours_cpu_s": reached(ours, target)}
            for target in config.targets
        },
        "best_of_plain": ratio,
        "plain": [vars(point) for point in plain],
        "ours": [
            {"way": way.model_dump(), "points": [vars(point) for point in points]}
            for way, points in zip(config.ways, ours, strict=True)
        ],
    }
    write_result(RESULT, result, [claim])


def compare(
    plain: list[Point], ours: list[list[Point]], most: float, goal: float
) -> tuple[dict[str, float | None], Claim]:
    """Return what the best accuracy of the plain way cost both, and the claim about it."""
    best = max(point.accuracy for point in plain)
    plain_s, ours_s = reached([plain], best), reached(ours, best)
    ratio = round(ours_s / plain_s, 3) if ours_s is not None and plain_s else None
    what = (
        "CPU-seconds until the plain way's best validation accuracy: ours as a share of the plain way's"
    )
    claim = Claim(what, "share", ratio, most, True, goal, never=ratio is None)
    return {"accuracy": best, "plain_cpu_s": plain_s, "ours_cpu_s": ours_s, "ratio": ratio}, claim


def reached(ways: list[list[Point]], accuracy: float) -> float | None:
    """Return the CPU-seconds of the fastest way to an accuracy, None if none reached it."""
    return min(
        (point.cpu_s for points in ways for point in points if point.accuracy >= accuracy), default=None
    )


def _plain(config: Config, params: Params, train: Split, validation: Split) -> Iterator[Point]:
    began = cpu_seconds()
    backend.seed_everything(derived_seed(config.seed, "plain"))
    model = baseline_network(params, "plain")
    optimizer = backend.keras.optimizers.Adam(config.plain.learning_rate)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    (pixels, labels), validation_arrays = arrays(train), arrays(validation)
    for _ in range(config.plain.epochs):
        history = model.fit(
            pixels,
            labels,
            batch_size=config.plain.batch_size,
            validation_data=validation_arrays,
            verbose=0,
        )
        yield Point(round(cpu_seconds() - began, 2), round(history.history["val_accuracy"][0], 6))


def _ours(config: Config, way: Way, train: Split, validation: Split) -> Iterator[Point]:
    began = cpu_seconds()
    backend.seed_everything(derived_seed(config.seed, "ours"))
    model = computing_in(networks.build_network(network_for(way.network), "ours"), way.compute_dtype)
    loop = Loop(model, TrainingJob(train, validation, read_form(), way.recipe, config.seed))
    for epoch in range(way.recipe.epochs):
        row = loop.run_epoch(epoch)
        yield Point(round(cpu_seconds() - began, 2), row.val_accuracy)


if __name__ == "__main__":
    main()
