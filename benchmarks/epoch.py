"""CPU-seconds of an epoch: our loop against Keras `fit`, in turns in one process, the median of five.

    python -m benchmarks.epoch

Twice: the baseline's network, our loop at the winner's batch against `fit` at 32; and the network of the
last sweep's winner at equal batch, our loop changing the images and `fit` not. Then the network of the
frontier's teachers, our loop in bfloat16 against itself in float32, on some of the images. Every image
is seen in every epoch: what skipping easy ones saves comes on top. `dvc repro sweep` makes what this
reads.
"""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.frontier.networks import build
from benchmarks.frontier.plan import read_config
from benchmarks.networks import read_form
from benchmarks.plain import arrays, baseline_network
from benchmarks.record import Claim, write_result
from litesmith.data.splits import Split, read_split
from litesmith.host import cpu_seconds
from litesmith.params.loading import read_params
from litesmith.params.section import ComputeDtype
from litesmith.params.sections.recipe import Recipe
from litesmith.records.record import read_record
from litesmith.records.sweep import SweepResult
from litesmith.training import backend, networks
from litesmith.training.job import TrainingJob
from litesmith.training.loop import Loop
from litesmith.training.networks import computing_in
from tasks import catalog

RESULT = Path("benchmarks/results/epoch.json")
ROUNDS = 5
PLAIN_BATCH = 32
# What our epoch may cost, as a share of the plain one.
MOST = {"baseline_network": 0.75, "winner_network": 1.0, "teacher_network": 1.0}
TEACHER_IMAGES = 10_000
_WHAT = {
    "baseline_network": "CPU-seconds of an epoch, "
    "baseline's network: ours as a share of plain `fit` at batch 32",
    "winner_network": "CPU-seconds of an epoch, "
    "winner's network: ours with augmentation as a share of plain `fit`",
    "teacher_network": "CPU-seconds of an epoch, "
    "teacher's network: ours in bfloat16 as a share of ours in float32",
}

Epoch = Callable[[int], object]


def main() -> None:
    """Measure both pairs and write the result."""
    params = read_params(catalog.PARAMS)
    backend.set_threads(1)
    train, validation = read_split(catalog.TRAIN), read_split(catalog.VALIDATION)
    # Judging an epoch is no part of it, so there is next to nothing to judge on.
    few = Split(validation.images[:1], validation.labels[:1], validation.ids[:1])
    results = read_record(catalog.results("sweep"), SweepResult)
    recipe = results.full_training.recipe.replace(epochs=ROUNDS + 1, skip_share=0.0)
    spec = results.winner.network

    def winner(name: str) -> Any:
        return networks.build_network(spec, name)

    measured = {
        "baseline_network": {
            "batch_size": recipe.batch_size,
            "against_batch_size": PLAIN_BATCH,
            **_alternate(
                _ours(baseline_network(params, "baseline"), train, few, recipe),
                _plain(baseline_network(params, "baseline"), train, PLAIN_BATCH),
            ),
        },
        "winner_network": {
            "batch_size": recipe.batch_size,
            "against_batch_size": recipe.batch_size,
            **_alternate(
                _ours(winner("ours"), train, few, recipe),
                _plain(winner("plain"), train, recipe.batch_size),
            ),
        },
        "teacher_network": _teacher(train, few),
    }
    claims = [
        Claim(_WHAT[name], "share", figures["ratio_of_medians"], MOST[name], True)
        for name, figures in measured.items()
    ]
    write_result(
        RESULT,
        {"command": "python -m benchmarks.epoch", "num_images": len(train.labels), **measured},
        claims,
    )


def _teacher(train: Split, few: Split) -> dict[str, Any]:
    """Let the teachers' network learn in bfloat16 and in float32, in turns."""
    config = read_config()
    plan = config.candidate(config.teachers[0])
    subset = Split(*(getattr(train, name)[:TEACHER_IMAGES] for name in ("images", "labels", "ids")))
    recipe = plan.recipe.replace(epochs=ROUNDS + 1, skip_share=0.0)

    def loop(compute_dtype: ComputeDtype) -> Epoch:
        model = build(plan.network, read_form(), compute_dtype)
        return _ours(computing_in(model, compute_dtype), subset, few, recipe)

    times = _alternate(loop("bfloat16"), loop("float32"))
    return {
        "num_images": TEACHER_IMAGES,
        "batch_size": recipe.batch_size,
        "against_batch_size": recipe.batch_size,
        **times,
    }


def _ours(model: Any, train: Split, few: Split, recipe: Recipe) -> Epoch:
    return Loop(model, TrainingJob(train, few, read_form(), recipe, seed=1)).run_epoch


def _plain(model: Any, train: Split, batch_size: int) -> Epoch:
    pixels, labels = arrays(train)
    model.compile(
        backend.keras.optimizers.Adam(), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return lambda _: model.fit(pixels, labels, batch_size=batch_size, epochs=1, verbose=0)


def _alternate(first: Epoch, other: Epoch) -> dict[str, Any]:
    """Return CPU-seconds of both, round by round; the first epoch of each traces and is not counted."""
    first_s, other_s = [], []
    for number in range(ROUNDS + 1):
        first_s.append(_timed(first, number))
        other_s.append(_timed(other, number))
    ratio = statistics.median(first_s[1:]) / statistics.median(other_s[1:])
    return {"cpu_s": first_s[1:], "against_cpu_s": other_s[1:], "ratio_of_medians": round(ratio, 3)}


def _timed(epoch: Epoch, number: int) -> float:
    before = cpu_seconds()
    epoch(number)
    return round(cpu_seconds() - before, 2)


if __name__ == "__main__":
    main()
