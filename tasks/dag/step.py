"""A step: the files it reads and writes, and the parameters it follows."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar, get_args, get_origin, get_type_hints

from litesmith.params.everything import Params
from litesmith.params.section import Section
from tasks import catalog

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Arguments = dict[str, Section | int]
"""What a step is called with, by keyword: sections of the parameters, and the seed."""

Job = TypeVar("Job")
Result = TypeVar("Result")
Study = TypeVar("Study")


@dataclass(frozen=True)
class Metric:
    """Mark of a small JSON output that git keeps and ``dvc metrics`` shows."""


@dataclass(frozen=True)
class Plot:
    """Mark of a small CSV output that ``dvc plots`` draws.

    Args:
        x: Column of the horizontal axis.
        y: Columns plotted over it.
        panel: Name of the drawing; marks of the same panel, on whichever files, share its axes.
        template: DVC's name for the kind of drawing.
    """

    x: str
    y: tuple[str, ...]
    panel: str
    template: str = "linear"


TrainingHistory = Annotated[
    Path,
    Plot(x="epoch", y=("accuracy", "val_accuracy"), panel="accuracy"),
    Plot(x="epoch", y=("loss", "val_loss"), panel="loss"),
]


@dataclass(frozen=True)
class Measured:
    """Mark of an output with timings, which differs between runs."""


@dataclass(frozen=True)
class InGit:
    """Mark of a small output that git keeps instead of DVC's cache.

    DVC then never takes the step from its run cache, which leaves out steps with such an output: use it
    where running again costs little.
    """


@dataclass(frozen=True)
class MaybeEmpty:
    """Mark of a folder that may be empty."""


Mark = Metric | Plot | Measured | InGit | MaybeEmpty


@dataclass(frozen=True)
class Port:
    """One input or output of a step: a file or a folder."""

    name: str
    path: Path
    marks: tuple[Mark, ...]

    @property
    def in_git(self) -> bool:
        """Whether git keeps the file instead of DVC's cache."""
        return any(isinstance(mark, InGit | Metric) for mark in self.marks)

    def marked(self, kind: type[Mark]) -> bool:
        """Tell whether the port bears a mark of this kind."""
        return any(isinstance(mark, kind) for mark in self.marks)


class MapJobs(Protocol):
    """Apply a function to jobs in worker processes."""

    def __call__(self, function: Callable[[Job], Result], jobs: list[Job], /) -> list[Result]:
        """Return ``function(job)`` for each job, in their order."""
        ...


class StudyRunner(Protocol):
    """Call a study with a way to map jobs to workers."""

    def __call__(self, study: Callable[[MapJobs], Study], /, *, num_workers: int) -> Study:
        """Return ``study(map_jobs)``, the jobs run by ``num_workers`` workers."""
        ...


@dataclass(frozen=True)
class Step:
    """A step of the pipeline: a function with typed inputs and outputs.

    The function takes ``params`` (the section of params.yaml that bears the step's name, if there is
    one), ``ins``, ``outs``, and whichever of these keywords its signature names: ``seed``, any other
    section of params.yaml (or, by a type that the section's type extends, those of its fields alone),
    ``work`` (a folder that outlives a killed run with the same inputs), ``cache`` (a folder that
    outlives runs, for what is costly to compute from content that may come again), ``run_with_workers``
    (a `StudyRunner`).
    """

    function: Callable[..., None]
    ins_type: "type[DataclassInstance]"
    outs_type: "type[DataclassInstance]"
    sections: dict[str, type[Section]]
    keywords: tuple[str, ...]

    @property
    def name(self) -> str:
        """The step's name, the same in module, params section and stage."""
        return self.function.__name__

    @property
    def module(self) -> str:
        """The import name of the step's module."""
        return self.function.__module__

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def provenance(self) -> Path:
        """The file with the provenance of the outputs: host, versions, cost."""
        return catalog.provenance(self.name)

    @property
    def ins(self) -> tuple[Port, ...]:
        """The inputs in their order."""
        return _ports(self.ins_type)

    @property
    def outs(self) -> tuple[Port, ...]:
        """The outputs in their order, their provenance last."""
        return (*_ports(self.outs_type), Port("provenance", self.provenance, (Measured(),)))

    def arguments(self, params: Params) -> Arguments:
        """Pick the sections and the seed that the function asks for from all parameters."""
        sections = {name: params.section(name).part(kind) for name, kind in self.sections.items()}
        own = {"params": sections.pop(self.name)} if self.name in sections else {}
        seed = {"seed": params.seed} if "seed" in self.keywords else {}
        return {**own, **sections, **seed}


def step(function: Callable[..., None]) -> Step:
    """Return the step that a function's signature describes.

    Raises:
        TypeError: The signature is not that of a step.
    """
    hints = get_type_hints(function)
    taken = list(inspect.signature(function).parameters)
    own = {function.__name__: hints["params"]} if taken[:1] == ["params"] else {}
    if taken[len(own) : len(own) + 2] != ["ins", "outs"]:
        raise TypeError(
            f"step {function.__name__} must take (params, ins, outs, *, ...) or (ins, outs, *, ...), "
            f"got {taken}."
        )
    keywords = tuple(taken[len(own) + 2 :])
    others = {
        name: hints[name]
        for name in keywords
        if isinstance(hints[name], type) and issubclass(hints[name], Section)
    }
    return Step(function, hints["ins"], hints["outs"], {**own, **others}, keywords)


def _ports(paths: "type[DataclassInstance]") -> tuple[Port, ...]:
    """Return the ports of a frozen dataclass of paths."""
    hints = get_type_hints(paths, include_extras=True)
    return tuple(
        Port(field.name, Path(str(field.default)), _marks(hints[field.name])) for field in fields(paths)
    )


def _marks(hint: object) -> tuple[Mark, ...]:
    return tuple(get_args(hint)[1:]) if get_origin(hint) is Annotated else ()
