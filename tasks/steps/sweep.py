"""Step of the search for a network."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from litesmith.files import write_json, write_text
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.sweep import SweepParams
from litesmith.records.form import DataForm
from litesmith.records.record import read_record, write_record
from litesmith.records.sweep import FullTraining, SweepResult, TunedNetwork
from tasks import catalog
from tasks.dag.step import MapJobs, Measured, Metric, StudyRunner, TrainingHistory, step

if TYPE_CHECKING:
    from litesmith.search.lengths import Length
    from litesmith.search.study import Entry, StudyResult
    from litesmith.training.job import TrainingJob

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ins:
    """Training and validation split, and distillation targets."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION
    form: Path = catalog.FORM
    targets: Path = catalog.TARGETS


@dataclass(frozen=True)
class Outs:
    """Winner trained in full, its network and the study; CPU-seconds of the trials apart."""

    model: Path = catalog.TUNED_MODEL
    network: Path = catalog.TUNED_NETWORK
    metrics: Annotated[Path, Metric()] = catalog.metrics("sweep")
    results: Path = catalog.results("sweep")
    timing: Annotated[Path, Measured()] = catalog.results("sweep-timing")
    history: TrainingHistory = catalog.plot("tuned-history")


@step
def sweep(
    params: SweepParams,
    ins: Ins,
    outs: Outs,
    *,
    device: HardLimits,
    seed: int,
    work: Path,
    run_with_workers: StudyRunner,
) -> None:
    """Search for a network within the device's limits and train the winner in full.

    Raises:
        ParamsError: No network within the limits is found, or a batch is larger than the training split.
    """
    from litesmith.data.splits import read_split
    from litesmith.device.limits import search_limits
    from litesmith.search.lengths import full_length
    from litesmith.search.plan import plan_search
    from litesmith.search.result import sweep_result, sweep_timing
    from litesmith.search.space import recipe_of
    from litesmith.search.study import run_study
    from litesmith.search.trial import run_trial
    from litesmith.training import backend
    from litesmith.training.distillation import read_targets
    from litesmith.training.job import TrainingJob

    backend.set_threads(params.num_threads)
    splits, form = (read_split(ins.train), read_split(ins.validation)), read_record(ins.form, DataForm)
    targets = read_targets(ins.targets, params.distillation)
    plan = plan_search(
        params,
        search_limits(device, params.budget),
        form,
        train=ins.train,
        validation=ins.validation,
        targets=ins.targets,
    )

    def search(map_jobs: MapJobs) -> "StudyResult":
        log = work / "trials.jsonl"
        return run_study(plan, seed=seed, log=log, run_batch=lambda jobs: map_jobs(run_trial, jobs))

    study = run_with_workers(search, num_workers=params.num_workers)
    write_record(outs.timing, sweep_timing(study, plan))
    length = full_length(params.full, study.winner.trial.macs, plan.num_train)
    recipe = recipe_of(study.winner.choices, plan.params, length.epochs)
    job = TrainingJob(*splits, form, recipe, seed, targets, work)
    num_parameters, full_training = _train_winner(study.winner, length, job, outs)
    result = sweep_result(
        study, plan, full_training, importance_shuffles=params.importance_shuffles, seed=seed
    )
    write_record(outs.results, result)
    write_json(outs.metrics, _metrics(result, num_parameters))


def _metrics(result: SweepResult, num_parameters: int) -> dict[str, object]:
    return {
        "validation": result.full_training.validation.figures,
        "num_parameters": num_parameters,
        **result.winner.model_dump(include={"tflite_bytes", "macs", "activation_bytes"}),
        "num_trials": len(result.trials),
    }


def _train_winner(
    winner: "Entry", length: "Length", job: "TrainingJob", outs: Outs
) -> tuple[int, FullTraining]:
    """Train the winner in full, write it, and count its parameters."""
    from litesmith.training import backend, loop, networks
    from litesmith.training.evaluation import evaluate
    from litesmith.training.history import history_csv

    choices = asdict(winner.choices)
    _LOG.info("trial %d won with %s", winner.trial.number, choices)
    backend.keras.backend.clear_session()
    backend.seed_everything(backend.derived_seed(job.seed, "tuned"))
    model = networks.build_network(winner.spec, "tuned")
    history = loop.train(model, job)
    backend.save_h5(model, outs.model)
    write_text(outs.history, history_csv(history))
    write_record(outs.network, TunedNetwork(network=winner.spec, choices=choices))
    full_training = FullTraining(
        epochs=length.epochs,
        work=length.work(winner.trial.macs),
        validation=evaluate(model, job.validation),
        recipe=job.recipe,
    )
    return model.count_params(), full_training
