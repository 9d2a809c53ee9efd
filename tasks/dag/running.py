"""Running a step, with checks of its inputs and outputs."""

import hashlib
import json
import logging
import os
import resource
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from litesmith.errors import ContractError, MachineError
from litesmith.files import explaining
from litesmith.host import cpu_seconds, describe_host
from litesmith.params.loading import read_params
from litesmith.params.section import Section
from litesmith.records.provenance import Host, Making, Provenance
from litesmith.records.record import write_record
from litesmith.training.backend import fix_environment
from litesmith.wording import listed
from tasks import BEGAN_S, catalog
from tasks.dag.checksums import check_inputs, record_outputs
from tasks.dag.closure import packages, sources
from tasks.dag.dvclock import stages_by_output
from tasks.dag.git import git_state
from tasks.dag.lock import RUN_VARIABLE, holding, stepping
from tasks.dag.project import project_of
from tasks.dag.step import Arguments, MaybeEmpty, Step
from tasks.dag.versions import check_installed
from tasks.dag.watch import watch_starters
from tasks.dag.workers import study_runner
from tasks.workspace import repro_command

_LOG = logging.getLogger(__name__)

# Stands beside the folder of a step that came to its end.
_ENDED = ".ended"
# An entry of a cache that no run has used for so long is removed.
_CACHE_S = 14 * 86400.0


def run_step(step: Step, root: Path) -> None:
    """Run a step in the workspace ``root``, which must be the current folder.

    Raises:
        ParamsError: ``params.yaml`` is wrong, or does not fit the images.
        BusyError: Another run holds the workspace.
        MachineError: A package is missing or of another version than recorded, a folder cannot be
            written, or the disk is full.
        DataError: An input is not what its step wrote.
        ContractError: An input is missing, or the outputs are not exactly the declared ones.
    """
    watch_starters()
    if ignored := fix_environment():
        _LOG.warning("ignored, since only params.yaml decides numbers: %s", ", ".join(ignored))
    # Only now: it imports NumPy, which reads the environment then.
    from tasks.fitting import require_fitting
    from tasks.registries import require_registered

    params = read_params(root / catalog.PARAMS)
    require_registered(params)
    with explaining(), holding(root), stepping(root):
        versions = check_installed(packages(step.module, root), root)
        arguments = step.arguments(params)
        _require_inputs(step, root)
        check_inputs(step, root)
        if catalog.FORM in {port.path for port in step.ins}:
            require_fitting(params, root)
        _require_writable(step, root)
        for port in step.outs:
            _remove(root / port.path)
        before, pointers = _beside(step, root), _in_service(step, root)
        with _work_folder(step, arguments, root) as work:
            _call(step, arguments, work)
            if _in_service(step, root) != pointers:
                # DVC would record the pointer as it is now, with a result made from the one before.
                raise ContractError(
                    f"the model in service was changed while step {step.name} read it, so its result is "
                    f"of two minds. Run `{repro_command(root, step.name)}`."
                )
            write_record(root / step.provenance, _provenance(step, arguments, versions, root))
            _require_outputs(step, root, before)
            record_outputs(step, root)


def _in_service(step: Step, root: Path) -> bytes | None:
    """Return the registry's pointer file, which may move meanwhile, if a step reads it."""
    reads = catalog.IN_SERVICE in {port.path for port in step.ins}
    return (root / catalog.IN_SERVICE).read_bytes() if reads else None


def _call(step: Step, arguments: Arguments, work: Path | None) -> None:
    plumbing: dict[str, object] = {"work": work} if "work" in step.keywords else {}
    if "cache" in step.keywords:
        plumbing |= {"cache": _cache_folder(step)}
    if "run_with_workers" in step.keywords:  # only then: the study runner of a flow imports Prefect
        plumbing |= {"run_with_workers": study_runner()}
    step.function(ins=step.ins_type(), outs=step.outs_type(), **arguments, **plumbing)


def _require_inputs(step: Step, root: Path) -> None:
    # A pipe in the place of a file would block its reader.
    paths = [port.path for port in step.ins]
    missing = [str(path) for path in paths if not ((root / path).is_file() or (root / path).is_dir())]
    if not missing:
        return
    writers = stages_by_output(root)
    steps = {writers[path] for path in missing if path in writers}
    ordered = [name for name in dict.fromkeys(writers.values()) if name in steps]
    of_no_step = [path for path in missing if path not in writers] if writers else []
    advice = ""
    if ordered:
        advice += f" {_few(ordered)} {'writes' if len(ordered) == 1 else 'write'} what is missing."
    if of_no_step:
        restored = f"`git checkout -- {' '.join(of_no_step)}` restores that"
        advice += f" No step writes {_few(of_no_step)}: {restored}."
    if len(of_no_step) < len(missing):
        advice += f" Run `{repro_command(root, step.name)}`."
    raise ContractError(
        f"step {step.name} cannot run: {len(missing)} of its {len(paths)} inputs "
        f"{'is' if len(missing) == 1 else 'are'} missing: {_few(missing)}.{advice}"
    )


def _few(names: list[str]) -> str:
    """Name the first three and how many more there are."""
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return listed(names)


def _require_writable(step: Step, root: Path) -> None:
    for folder in {(root / port.path).parent for port in step.outs}:
        nearest = next(place for place in (folder, *folder.parents) if place.exists())
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise MachineError(
                f"step {step.name} writes to {folder}, and {nearest} may not be written by this user, "
                "or lies on a read-only file system. Change that; nothing was removed."
            )


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
            f"step {step.name} did not write {', '.join(missing)}, which its Outs declare. "
            f"Correct {step.module.replace('.', '/')}.py."
        )
    declared = {place for port in step.outs for place in (root / port.path, *(root / port.path).parents)}
    stray = _beside(step, root) - before - declared
    if stray:
        names = ", ".join(sorted(path.relative_to(root).as_posix() for path in stray))
        raise ContractError(
            f"step {step.name} wrote {names}, which its Outs do not declare. Add it there."
        )
    for port in step.outs:
        if port.marked(MaybeEmpty) and not any((root / port.path).iterdir()):
            _LOG.info("%s is empty, since nothing was requested", port.path)


def _beside(step: Step, root: Path) -> set[Path]:
    """Return the files in the output folders, except hidden ones of editors."""
    folders = {(root / port.path).parent for port in step.outs}
    return {path for folder in folders for path in folder.glob("[!.]*")}


@contextmanager
def _work_folder(step: Step, arguments: Arguments, root: Path) -> Iterator[Path | None]:
    """Create the folder that a killed run resumes from.

    Only for a step that takes it: to name it, every input is read. It outlives the step, whose outputs
    DVC has yet to record, and is removed when another step begins.
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


def _cache_folder(step: Step) -> Path:
    """Return the folder of a step's cache, without what was not used for long.

    A step touches what it uses. Other sources and packages have a folder of their own, so an entry never
    is of another version than the step.
    """
    whole = catalog.CACHE / step.name
    own = whole / _digest(_code(step, Path()), Path()).hexdigest()[:16]
    own.mkdir(parents=True, exist_ok=True)
    own.touch()
    oldest = time.time() - _CACHE_S
    for entry in (*whole.iterdir(), *own.iterdir()):
        if entry.lstat().st_mtime < oldest:
            _remove(entry)
    return own


def _fingerprint(step: Step, arguments: Arguments, root: Path) -> str:
    deciding = {
        name: value.deciding() if isinstance(value, Section) else value
        for name, value in arguments.items()
    }
    digest = _digest([*_code(step, root), *(port.path for port in step.ins)], root)
    digest.update(json.dumps(deciding, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def _code(step: Step, root: Path) -> list[Path]:
    """Return the sources and the list of packages that decide a step's result."""
    return [*sources(step.module, root), catalog.VERSIONS]


def _digest(paths: Iterable[Path], root: Path) -> "hashlib._Hash":
    """Return a digest of files, and of folders with all that is in them."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted((root / path).rglob("*")) if (root / path).is_dir() else [root / path]:
            digest.update(file.relative_to(root).as_posix().encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest


def _provenance(step: Step, arguments: Arguments, versions: Mapping[str, str], root: Path) -> Provenance:
    """Return how the step computed its outputs, with its cost so far.

    A step has a process of its own, so its imports count as its own. The peak of memory is that of the
    largest single process, this one or a finished worker: the system records no peak of all together.
    """
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(processes).ru_maxrss for processes in who)
    return Provenance(
        step=step.name,
        wall_s=round(time.perf_counter() - BEGAN_S, 2),
        cpu_s=cpu_seconds(),
        peak_memory_mb=round(peak / unit, 1),
        host=Host.model_validate(describe_host()),
        versions=dict(versions),
        parameters={
            name: value.model_dump(mode="json", by_alias=True) if isinstance(value, Section) else value
            for name, value in arguments.items()
        },
        made=_making(step, root),
    )


def _making(step: Step, root: Path) -> Making:
    git = git_state(project_of(root))
    return Making(
        ended=datetime.now().astimezone().isoformat(timespec="seconds"),
        run=os.environ.get(RUN_VARIABLE),
        revision=git.revision,
        dirty=git.dirty,
        code=_digest(sources(step.module, root), root).hexdigest(),
    )
