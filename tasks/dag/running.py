"""A step, run and held to its promise."""

import hashlib
import json
import logging
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import JsonValue

from litesmith.errors import ContractError, MachineError
from litesmith.files import explaining
from litesmith.host import describe_host
from litesmith.params.loading import read_params
from litesmith.params.section import Section
from litesmith.records.provenance import Host, Provenance
from litesmith.records.record import write_record
from litesmith.training.backend import fix_environment
from tasks import BEGAN_S, catalog
from tasks.dag.checksums import check_inputs, record_outputs
from tasks.dag.closure import packages, sources
from tasks.dag.dvclock import makers
from tasks.dag.lock import holding, stepping
from tasks.dag.step import Arguments, MaybeEmpty, Step
from tasks.dag.versions import check_installed
from tasks.dag.watch import watch_starters
from tasks.dag.workers import study_runner
from tasks.workspace import repro_command

_LOG = logging.getLogger(__name__)

# Stands beside the folder of a step that came to its end.
_ENDED = ".ended"


def run_step(step: Step, root: Path) -> None:
    """Run a step in the workspace ``root``, which must be the current folder.

    Raises:
        ParamsError: ``params.yaml`` is wrong.
        BusyError: Another run holds the workspace.
        MachineError: A package is missing or of another version than recorded, a folder cannot be
            written, or the disk is full.
        DataError: An input is not what the step before has made.
        ContractError: An input is missing, or the outputs are not exactly the promised ones.
    """
    watch_starters()
    _fix_environment()
    # Only now: it imports NumPy, which reads the environment then.
    from tasks.registries import require_registered

    params = read_params(root / catalog.PARAMS)
    require_registered(params)
    with explaining(), holding(root), stepping(root):
        versions = check_installed(packages(step.module, root), root)
        arguments = step.arguments(params)
        _require_inputs(step, root)
        check_inputs(step, root)
        _require_writable(step, root)
        _remove_outputs(step, root)
        before = _beside(step, root)
        with _work_folder(step, arguments, root) as work:
            _call(step, arguments, work)
            write_record(root / step.provenance, _provenance(step, arguments, versions))
            _require_outputs(step, root, before)
            _log_empty(step, root)
            record_outputs(step, root)


def _fix_environment() -> None:
    """Fix the variables that change numbers, with a warning where they were set otherwise."""
    if ignored := fix_environment():
        _LOG.warning("ignored, since only params.yaml decides numbers: %s", ", ".join(ignored))


def _call(step: Step, arguments: Arguments, work: Path | None) -> None:
    # Only what is asked for is made: the study runner of a flow imports Prefect.
    plumbing: dict[str, Callable[[], object]] = {"work": lambda: work, "run_with_workers": study_runner}
    asked = {name: make() for name, make in plumbing.items() if name in step.keywords}
    step.function(ins=step.ins_type(), outs=step.outs_type(), **arguments, **asked)


def _require_inputs(step: Step, root: Path) -> None:
    # A pipe in the place of a file would keep whoever reads it waiting.
    there = [(root / port.path).is_file() or (root / port.path).is_dir() for port in step.ins]
    missing = [
        port.path.as_posix() for port, is_there in zip(step.ins, there, strict=True) if not is_there
    ]
    if not missing:
        return
    made_by = makers(root)
    wanted = {made_by[path] for path in missing if path in made_by}
    steps = [name for name in dict.fromkeys(made_by.values()) if name in wanted]
    unmade = [path for path in missing if path not in made_by] if made_by else []
    make = f" {_few(steps)} {'makes' if len(steps) == 1 else 'make'} what is missing." if steps else ""
    back = (
        f" No step makes {_few(unmade)}: `git checkout -- {' '.join(unmade)}` restores that."
        if unmade
        else ""
    )
    run = "" if len(unmade) == len(missing) else f" Run `{repro_command(root, step.name)}`."
    raise ContractError(
        f"step {step.name} cannot run: {len(missing)} of its {len(step.ins)} inputs "
        f"{'is' if len(missing) == 1 else 'are'} missing: {_few(missing)}.{make}{back}{run}"
    )


def _few(names: list[str]) -> str:
    """Name the first few and how many more there are."""
    rest = len(names) - _MAX_NAMED
    if rest > 1:
        return f"{', '.join(names[:_MAX_NAMED])} and {rest} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


_MAX_NAMED = 3


def _require_writable(step: Step, root: Path) -> None:
    """Require that the step may write its outputs."""
    for folder in {(root / port.path).parent for port in step.outs}:
        nearest = next(place for place in (folder, *folder.parents) if place.exists())
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise MachineError(
                f"step {step.name} writes to {folder}, and {nearest} may not be written by this user, "
                "or lies on a read-only file system. Change that; nothing was removed."
            )


def _remove_outputs(step: Step, root: Path) -> None:
    for port in step.outs:
        _remove(root / port.path)


def _remove(path: Path) -> None:
    """Remove a file, a folder or a link, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _require_outputs(step: Step, root: Path, before: set[Path]) -> None:
    missing = [port.path.as_posix() for port in step.outs if not (root / port.path).exists()]
    if missing:
        raise ContractError(
            f"step {step.name} promised {', '.join(missing)} and did not make it. "
            f"Correct {step.module.replace('.', '/')}.py."
        )
    promised = {root / port.path for port in step.outs}
    stray = [
        path.relative_to(root).as_posix() for path in sorted(_beside(step, root) - before - promised)
    ]
    if stray:
        raise ContractError(
            f"step {step.name} made {', '.join(stray)}, which its Outs do not promise. Add it there."
        )


def _log_empty(step: Step, root: Path) -> None:
    """Log that a folder is empty on purpose."""
    for port in step.outs:
        if port.marked(MaybeEmpty) and not any((root / port.path).iterdir()):
            _LOG.info("%s is empty, since nothing was asked for", port.path)


def _beside(step: Step, root: Path) -> set[Path]:
    """Return what lies in the folders that the step writes to.

    Hidden files are left out: systems and editors make them.
    """
    folders = {(root / port.path).parent for port in step.outs}
    return {
        path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.name[0] != "."
    }


@contextmanager
def _work_folder(step: Step, arguments: Arguments, root: Path) -> Iterator[Path | None]:
    """Make the folder that a killed run resumes from.

    A step that does not ask for it has none: to name it, every input is read. It outlives the step,
    whose outputs DVC has yet to record, and goes when another step begins: then they are.
    """
    for ended in (root / catalog.WORK).glob(f"*/*{_ENDED}"):
        if ended.parent.name != step.name:
            _remove(ended.parent)
    if "work" not in step.keywords:
        yield None
        return
    work = root / catalog.WORK / step.name / _fingerprint(step, arguments, root)
    work.mkdir(parents=True, exist_ok=True)
    yield work
    work.with_suffix(_ENDED).touch()


def _fingerprint(step: Step, arguments: Arguments, root: Path) -> str:
    deciding: dict[str, object] = {
        name: value.deciding() if isinstance(value, Section) else value
        for name, value in arguments.items()
    }
    digest = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode())
    for path in (*sources(step.module, root), catalog.VERSIONS, *(port.path for port in step.ins)):
        for file in sorted((root / path).rglob("*")) if (root / path).is_dir() else [root / path]:
            digest.update(file.relative_to(root).as_posix().encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _provenance(step: Step, arguments: Arguments, versions: Mapping[str, str]) -> Provenance:
    """Return how the step made its outputs, with its cost so far.

    A step has a process of its own, so its imports count as its own, not as the orchestration's. The
    peak of memory is that of the largest single process, this one or a finished worker: the system keeps
    no peak of what all held together, which is more wherever workers run side by side.
    """
    spent, unit = os.times(), 1024 * 1024 if sys.platform == "darwin" else 1024
    peak = max(
        resource.getrusage(processes).ru_maxrss
        for processes in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return Provenance(
        step=step.name,
        wall_s=round(time.perf_counter() - BEGAN_S, 2),
        cpu_s=round(spent.user + spent.system + spent.children_user + spent.children_system, 2),
        peak_memory_mb=round(peak / unit, 1),
        host=Host.model_validate(describe_host()),
        versions=dict(versions),
        parameters={name: _plain(value) for name, value in arguments.items()},
    )


def _plain(argument: Section | int) -> JsonValue:
    if isinstance(argument, Section):
        return argument.model_dump(mode="json", by_alias=True)
    return argument
