"""The outputs of the stages in ``dvc.lock`` and ``dvc.yaml``."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from litesmith.errors import ContractError, ParamsError
from litesmith.files import read_yaml

LOCK = Path("dvc.lock")
STAGES = Path("dvc.yaml")


class LockedOutput(BaseModel):
    """An output as its stage's last run left it."""

    model_config = ConfigDict(frozen=True)

    path: Path
    md5: str | None = None
    hash: str | None = None


class _LockedStage(BaseModel):
    outs: tuple[LockedOutput, ...] = ()


class _Lock(BaseModel):
    stages: dict[str, _LockedStage]


class _Stage(BaseModel):
    outs: tuple[str | dict[str, object], ...] = ()
    metrics: tuple[str | dict[str, object], ...] = ()


class _Stages(BaseModel):
    stages: dict[str, _Stage]


def locked_outputs(root: Path) -> Mapping[str, tuple[LockedOutput, ...]]:
    """Return the outputs by stage in ``dvc.lock``, which DVC writes after each stage.

    Raises:
        ContractError: It cannot be read.
    """
    path = root / LOCK
    if not path.exists():
        return {}
    try:
        lock = _Lock.model_validate(read_yaml(path))
    except (ParamsError, ValidationError) as error:
        why = error if isinstance(error, ParamsError) else "it is empty, or not as DVC writes it"
        raise ContractError(
            f"dvc.lock cannot be read ({why}). It records what the inputs must be: end the merge that "
            "left it in two versions, or take the last committed one with `git checkout dvc.lock`."
        ) from error
    return {name: stage.outs for name, stage in lock.stages.items()}


def stages_by_output(root: Path) -> Mapping[str, str]:
    """Return the stage of each output; empty for an unreadable ``dvc.yaml``."""
    try:
        stages = _Stages.model_validate(read_yaml(root / STAGES)).stages
    except (ParamsError, ValidationError):
        return {}
    return {
        output if isinstance(output, str) else next(iter(output), ""): name
        for name, stage in stages.items()
        for output in (*stage.outs, *stage.metrics)
    }
