"""Run a step and hold it to its promise."""

import hashlib
import json
import logging
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from litesmith.errors import ContractError, MachineError, ParamsError
from litesmith.files import explaining, read_yaml, write_json
from litesmith.host import describe_host
from litesmith.params.loading import read_params
from litesmith.params.section import Section
from litesmith.training.backend import fix_environment
from tasks import BEGAN_S, catalog
from tasks.dag.checksums import check_inputs, record_outputs
from tasks.dag.closure import packages, sources
from tasks.dag.lock import holding, stepping
from tasks.dag.step import MaybeEmpty, Step
from tasks.dag.versions import check_installed
from tasks.dag.watch import watch_starters
from tasks.dag.workers import conduct
from tasks.workspace import repro_command

_LOG = logging.getLogger(__name__)

# Stands beside the folder of a step that came to its end.
_ENDED = ".ended"


def run_step(one: Step, root: Path) -> None:
    """Run a step in the workspace ``root``, which must be the current folder.

    Raises:
        ParamsError: ``params.yaml`` is wrong.
        BusyError: Another run holds the workspace.
        MachineError: A package is missing or of another version than recorded, a folder cannot be written, or the disk
            is full.
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
        versions = check_installed(packages(one.module, root), root)
        arguments = one.arguments(params)
        _require_inputs(one, root)
        check_inputs(one, root)
        _require_writable(one, root)
        _remove_outputs(one, root)
        before = _beside(one, root)
        with _work_folder(one, arguments, root) as work:
            _call(one, arguments, work)
            write_json(root / one.made, _record(one, arguments, versions))
            _require_outputs(one, root, before)
            _tell_empty(one, root)
            record_outputs(one, root)


def _fix_environment() -> None:
    """Fix what the environment says about numbers, and say so if it said otherwise."""
    if unheeded := fix_environment():
        _LOG.warning("not heeded, since only params.yaml decides numbers: %s", ", ".join(unheeded))


def _call(one: Step, arguments: dict[str, Any], work: Path | None) -> None:
    plumbing: dict[str, Callable[[], Any]] = {"work": lambda: work, "conduct": conduct}
    # Made only where asked for: the conduct of a flow imports Prefect.
    asked = {name: make() for name, make in plumbing.items() if name in one.keywords}
    one.function(ins=one.ins_type(), outs=one.outs_type(), **arguments, **asked)


def _require_inputs(one: Step, root: Path) -> None:
    # A pipe in the place of a file would keep whoever reads it waiting.
    there = [(root / port.path).is_file() or (root / port.path).is_dir() for port in one.ins]
    missing = [
        port.path.as_posix() for port, is_there in zip(one.ins, there, strict=True) if not is_there
    ]
    if not missing:
        return
    makers = _makers(root)
    steps = [
        step
        for step in dict.fromkeys(makers.values())
        if any(makers.get(path) == step for path in missing)
    ]
    unmade = [path for path in missing if path not in makers] if makers else []
    make = f" {_few(steps)} {'makes' if len(steps) == 1 else 'make'} what is missing." if steps else ""
    back = (
        f" No step makes {_few(unmade)}: `git checkout -- {' '.join(unmade)}` restores that."
        if unmade
        else ""
    )
    run = "" if len(unmade) == len(missing) else f" Run `{repro_command(root, one.name)}`."
    raise ContractError(
        f"step {one.name} cannot run: {len(missing)} of its {len(one.ins)} inputs "
        f"{'is' if len(missing) == 1 else 'are'} missing: {_few(missing)}.{make}{back}{run}"
    )


def _makers(root: Path) -> dict[str, str]:
    """Return which step makes each file, as ``dvc.yaml`` has it; nothing where that cannot be read."""
    try:
        stages = read_yaml(root / "dvc.yaml")["stages"]
        made = [
            (out, step)
            for step, stage in stages.items()
            for kind in ("outs", "metrics")
            for out in stage.get(kind, ())
        ]
        return {next(iter(out)) if isinstance(out, dict) else out: step for out, step in made}
    except (ParamsError, LookupError, TypeError, AttributeError):
        return {}


def _few(names: list[str]) -> str:
    """Name the first few and how many more there are."""
    rest = len(names) - _MAX_NAMED
    if rest > 1:
        return f"{', '.join(names[:_MAX_NAMED])} and {rest} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


_MAX_NAMED = 3


def _require_writable(one: Step, root: Path) -> None:
    """Raise before anything is removed if a folder that the step writes to cannot be written."""
    for folder in {(root / port.path).parent for port in one.outs}:
        there = next(place for place in (folder, *folder.parents) if place.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            raise MachineError(
                f"step {one.name} writes to {folder}, and {there} may not be written by this user, or lies on a "
                "read-only file system. Change that; nothing was removed."
            )


def _remove_outputs(one: Step, root: Path) -> None:
    for port in one.outs:
        _remove(root / port.path)


def _remove(path: Path) -> None:
    """Remove a file, or a folder with all in it, if it is there; of a link the link alone, wherever it leads."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _require_outputs(one: Step, root: Path, before: set[Path]) -> None:
    missing = [port.path.as_posix() for port in one.outs if not (root / port.path).exists()]
    if missing:
        raise ContractError(
            f"step {one.name} promised {', '.join(missing)} and did not make it. Correct tasks/{one.name}.py."
        )
    promised = {root / port.path for port in one.outs}
    stray = [
        path.relative_to(root).as_posix() for path in sorted(_beside(one, root) - before - promised)
    ]
    if stray:
        raise ContractError(
            f"step {one.name} made {', '.join(stray)}, which its Outs do not promise. Add it there."
        )


def _tell_empty(one: Step, root: Path) -> None:
    """Say of a folder that it is empty on purpose: DVC is about to warn of it."""
    for port in one.outs:
        if port.marked(MaybeEmpty) and not any((root / port.path).iterdir()):
            _LOG.info("%s is empty, since nothing was asked for", port.path)


def _beside(one: Step, root: Path) -> set[Path]:
    """Return what lies in the folders that the step writes to, hidden files left out: systems and editors make them."""
    folders = {(root / port.path).parent for port in one.outs}
    return {
        path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.name[0] != "."
    }


@contextmanager
def _work_folder(one: Step, arguments: dict[str, Any], root: Path) -> Iterator[Path | None]:
    """Make the folder that a killed run resumes from, named by all that decides the result.

    A step that does not ask for it has none: to name it, every input is read. It outlives the step, whose outputs DVC
    has yet to record, and goes when another step begins: then they are.
    """
    for ended in (root / catalog.WORK).glob(f"*/*{_ENDED}"):
        if ended.parent.name != one.name:
            _remove(ended.parent)
    if "work" not in one.keywords:
        yield None
        return
    work = root / catalog.WORK / one.name / _fingerprint(one, arguments, root)
    work.mkdir(parents=True, exist_ok=True)
    yield work
    work.with_suffix(_ENDED).touch()


def _fingerprint(one: Step, arguments: dict[str, Any], root: Path) -> str:
    deciding = {
        name: value.deciding() if isinstance(value, Section) else value
        for name, value in arguments.items()
    }
    digest = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode())
    for path in (*sources(one.module, root), catalog.VERSIONS, *(port.path for port in one.ins)):
        for file in sorted((root / path).rglob("*")) if (root / path).is_dir() else [root / path]:
            digest.update(file.relative_to(root).as_posix().encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _cost() -> dict[str, float]:
    """Return what the step cost so far: wall time, CPU time of this process and its finished workers, peak memory.

    The peak is that of the largest single process, this one or a finished worker: the system keeps no peak of what all
    held together, which is more wherever workers run side by side. A step has a process of its own, so its imports
    count as its own, not as the orchestration's.
    """
    peaks = [
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return {
        "wall_s": round(time.perf_counter() - BEGAN_S, 2),
        "cpu_s": round(_cpu_s(), 2),
        "peak_memory_mb": round(max(peaks) / unit, 1),
    }


def _cpu_s() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _record(one: Step, arguments: dict[str, Any], versions: dict[str, str]) -> dict[str, Any]:
    return {
        "step": one.name,
        **_cost(),
        "host": describe_host(),
        "versions": versions,
        "parameters": _plain(arguments),
    }


def _plain(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.model_dump(mode="json", by_alias=True) if isinstance(value, Section) else value
        for name, value in arguments.items()
    }
