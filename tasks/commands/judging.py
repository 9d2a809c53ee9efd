"""The commands that replay a decision, and add a picture that once went wrong."""

from pathlib import Path

from litesmith.errors import ContractError, DataError
from litesmith.params.loading import read_dataset, read_params
from litesmith.records.form import DataForm
from litesmith.records.record import read_record
from litesmith.records.service.judge import Decision
from tasks import catalog
from tasks.dag.lock import changing_regressions
from tasks.incoming import require_project
from tasks.workspace import workspace_folder


def replay_decision(path: Path) -> str:
    """Decide again from a decision's file alone, and return a text on it.

    Raises:
        DataError: There is no such file, or it holds no decision.
        ContractError: The outcome, or what it rests on, is another.
    """
    from litesmith.judging.decide import replay

    try:
        decision = read_record(path, Decision)
    except FileNotFoundError as error:
        raise DataError(
            f"{path} does not exist. Expected a decision, such as {catalog.DECISION}."
        ) from error
    again = replay(decision)
    before, now = decision.model_dump(), again.model_dump()
    others = [name for name in before if before[name] != now[name]]
    if others:
        raise ContractError(
            f"{path} is not what its evidence and thresholds give: {', '.join(others)} "
            f"{'is' if len(others) == 1 else 'are'} another. It says {decision.outcome}: "
            f"{decision.headline}\nReplayed, it is {again.outcome}: {again.headline}\nThe file was "
            "edited, or another version of litesmith wrote it."
        )
    words = {True: "passed", False: "held", None: "cannot tell"}
    lines = (f"  {reason.name}, {words[reason.passed]}: {reason.text}" for reason in again.reasons)
    return "\n".join((f"the same: {again.outcome}. {again.headline}", *lines))


def add_picture(project: Path, picture: Path, label: str, data: str | None = None) -> str:
    """Add a picture to a regression set, and return a text on it.

    Args:
        project: Its folder.
        picture: An image file.
        label: The name of its class.
        data: Name of the data set, by default the project's own.

    Raises:
        ParamsError: There is no such data set or class, or the folder is a workspace.
        DataError: The picture cannot be read, or the set is damaged.
        BusyError: Another process changes the set for long.
        MachineError: A file cannot be written.
    """
    from litesmith.judging.regressions import add_regression

    require_project(project)
    dataset = read_dataset(data, project) if data else read_params(project / catalog.PARAMS).dataset
    classes = dataset.classes or _prepared_classes(project, data)
    folder = catalog.REGRESSIONS / dataset.key
    with changing_regressions(project):
        told = add_regression(project / folder, picture, label, dataset, classes)
    return f"{told}. Commit {folder}; the next run judges by it."


def _prepared_classes(project: Path, data: str | None) -> tuple[str, ...]:
    """Return the classes that the last run found, none before the first."""
    form = workspace_folder(project, None, data) / catalog.FORM
    return read_record(form, DataForm).class_names if form.is_file() else ()
