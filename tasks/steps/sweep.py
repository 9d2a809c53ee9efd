"""The room that searches for a network within the device's limits, and trains the winner in full."""

import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.files import write_json, write_text
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.sweep import SweepParams
from tasks import catalog
from tasks.dag.step import MapJobs, Measured, Metric, Plot, StudyRunner, step

if TYPE_CHECKING:
    from litesmith.search.study import Plan, StudyResult

_LOG = logging.getLogger(__name__)

# With teachers there is no choice: images are changed as they saw them.
_AS_TAUGHT = "as taught"


@dataclass(frozen=True)
class Ins:
    """What is learned from, what the winner is chosen on, and what the teachers say."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION
    lesson: Path = catalog.LESSON


@dataclass(frozen=True)
class Outs:
    """The winner trained in full, its network, and the study; the trials' CPU-seconds apart from what repeats."""

    model: Path = catalog.TUNED_MODEL
    network: Path = catalog.TUNED_NETWORK
    metrics: Annotated[Path, Metric()] = catalog.metrics("sweep")
    results: Path = catalog.results("sweep")
    timing: Annotated[Path, Measured()] = catalog.results("sweep-timing")
    history: Annotated[
        Path,
        Plot(x="epoch", y=("accuracy", "val_accuracy"), panel="accuracy"),
        Plot(x="epoch", y=("loss", "val_loss"), panel="loss"),
    ] = catalog.plot("tuned-history")


@step
def sweep(
    params: SweepParams,
    ins: Ins,
    outs: Outs,
    *,
    device: HardLimits,
    dataset: DatasetParams,
    seed: int,
    work: Path,
    run_with_workers: StudyRunner,
) -> None:
    """Search for a network within the device's limits and train the winner in full.

    Raises:
        ParamsError: No network within the limits is found, or a batch is larger than the training split.
    """
    from litesmith.search.study import run_study
    from litesmith.search.trial import run_trial
    from litesmith.training import backend

    backend.set_threads(params.num_threads)
    plan = _plan(params, ins, device, dataset)

    def search(map_jobs: MapJobs) -> "StudyResult":
        log = work / "trials.jsonl"
        return run_study(plan, seed=seed, log=log, run_batch=lambda jobs: map_jobs(run_trial, jobs))

    study = run_with_workers(search, num_workers=params.num_workers)
    write_json(outs.timing, {"trials": study.timings()})
    _train_winner(params, ins, outs, plan, study, seed, work)


def _plan(params: SweepParams, ins: Ins, device: HardLimits, dataset: DatasetParams) -> "Plan":
    from litesmith.data.splits import read_split
    from litesmith.device.limits import Limits
    from litesmith.search.study import Family, Plan, Rung, Space
    from litesmith.training.distillation import Share, read_lesson
    from litesmith.training.loop import Schedule

    size, space = (dataset.height, dataset.width, dataset.num_classes), params.space.into(Space)
    lesson = read_lesson(ins.lesson, params.lesson.into(Share))
    if lesson is not None:
        space = replace(space, augmentations={_AS_TAUGHT: lesson.augmentation})
    return Plan(
        num_trials=params.num_trials,
        batch_trials=params.batch_trials,
        startup_trials=params.startup_trials,
        max_asks=params.max_asks,
        reduction=params.reduction,
        rungs=[rung.into(Rung) for rung in params.rungs],
        tie_standard_errors=params.tie_standard_errors,
        space=space,
        limits=device.into(Limits),
        schedule=params.schedule.into(Schedule),
        family=Family(*size, params.num_stages, params.stem_stride, params.residual, params.separable),
        share=params.lesson.into(Share),
        num_threads=params.trial_threads,
        train=ins.train,
        validation=ins.validation,
        num_validation=len(read_split(ins.validation).labels),
        lesson=ins.lesson,
    )


def _train_winner(
    params: SweepParams, ins: Ins, outs: Outs, plan: "Plan", study: "StudyResult", seed: int, work: Path
) -> None:
    """Train the winner on all rows and write it with what was found."""
    from litesmith.data.splits import read_split
    from litesmith.search.study import recipe_of
    from litesmith.training import backend, loop, networks
    from litesmith.training.distillation import read_lesson

    spec, choices = study.winner.spec, study.winner.choices
    recipe = recipe_of(choices, plan, params.full_epochs)
    _LOG.info("trial %d won with %s", study.winner.number, choices)
    backend.keras.backend.clear_session()
    backend.seed_everything(backend.derived_seed(seed, "tuned"))
    model = networks.build_network(spec, "tuned")
    train, validation = read_split(ins.train), read_split(ins.validation)
    lesson = read_lesson(ins.lesson, plan.share)
    history = loop.train(model, train, validation, recipe, seed=seed, work=work, lesson=lesson)
    backend.save_h5(model, outs.model)
    write_text(outs.history, loop.history_csv(history))
    score = loop.evaluate(model, validation).to_plain()
    full = {"epochs": recipe.epochs, "validation": score, "recipe": asdict(recipe)}
    write_json(outs.network, {"network": spec.to_plain(), "choices": choices})
    write_json(outs.results, {**study.to_plain(plan), "full_training": full})
    write_json(outs.metrics, _metrics(study, model, score))


def _metrics(study: "StudyResult", model: Any, score: dict[str, float]) -> dict[str, Any]:
    return {
        "validation": score,
        "num_parameters": model.count_params(),
        **asdict(study.winner.cost),
        "num_trials": sum(not entry.reason for entry in study.entries),
    }
