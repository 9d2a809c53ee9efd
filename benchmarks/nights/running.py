"""A project of tiny synthetic images, its nights, and what they leave."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from benchmarks.growth.measuring import save
from benchmarks.nights.plan import Night
from litesmith.data.accepted import write_accepted
from litesmith.data.synthetic.garments import draw_images
from litesmith.errors import LitesmithError
from litesmith.files import read_yaml, write_text, yaml_text
from litesmith.host import cpu_seconds
from litesmith.params.loading import overlaid, read_params
from litesmith.records.record import read_record, write_record
from litesmith.records.service.judge import Decision
from litesmith.records.service.release import Event, no_pointers
from litesmith.release.pointers import Key
from litesmith.release.registry import Registry
from tasks import catalog
from tasks.profiles import profile_overlays
from tasks.releasing import check_apart
from tasks.workspace import make_workspace

_BASE: dict[str, object] = {"num_train": 2000, "num_test": 200}
# Enough gate images to tell a model of one minute from a guess.
_SHARES: dict[str, object] = {"gate": 0.25}
_BATCH_IMAGES, _NUM_CLASSES, _SIDE = 80, 10, 28
_PAGE = catalog.REFUSALS / "judge.html"


@dataclass(frozen=True)
class Seen:
    """What a night left.

    Attributes:
        outcome: Of its decision, ``invalid``, or ``none`` where the run failed before.
        version: In service after it.
        versions: That are there.
        events: How many lines the log got, by event.
        num_refused: Packages in quarantine.
        wrong: What is not as it should be, in words.
        wall_s: Seconds of the run.
        promote_s: Of the command that promoted, None if there was none.
        rollback_s: Of the command that went back, None if there was none.
    """

    outcome: str
    version: str | None
    versions: tuple[str, ...]
    events: dict[Event, int]
    num_refused: int
    wrong: tuple[str, ...]
    wall_s: float
    promote_s: float | None
    rollback_s: float | None


def make_project(folder: Path, source: Path) -> Path:
    """Create a project of its own from the sources and parameters of another one."""
    overlays = profile_overlays(source, "synthetic")
    make_workspace(folder, source, *overlays, read_yaml(source / "benchmarks/nights.yaml"))
    own_registry(folder)
    (path,) = (folder / "datasets").iterdir()
    changed = {"base": _BASE, "shares": _SHARES, "min_per_class": 1}
    write_text(path, yaml_text(overlaid(read_yaml(path), changed)))
    return folder


def own_registry(folder: Path) -> None:
    """Let a workspace be a project, with batches and releases of its own."""
    for shared in (catalog.INCOMING, catalog.ACCEPTED, catalog.REGRESSIONS, catalog.RELEASES):
        if (folder / shared).is_symlink():
            (folder / shared).unlink()
    for folder_of_all in (catalog.INCOMING, catalog.REGRESSIONS):
        (folder / folder_of_all).mkdir(exist_ok=True)
    write_accepted(folder / catalog.ACCEPTED, ())
    write_record(folder / catalog.IN_SERVICE, no_pointers())


class Project:
    """A project whose nights are run one after the other."""

    def __init__(
        self, folder: Path, batches: Path, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Keep where batches are written, and variables for the commands."""
        self.folder, self._batches, self._num_nights = folder, batches, 0
        self._environment = dict(environment)
        self._usual: dict[str, object] = read_yaml(folder / catalog.PARAMS)
        params = read_params(folder / catalog.PARAMS)
        self._key = Key(params.dataset.key, params.device.name)
        self.registry = Registry(folder / catalog.RELEASES)

    def run(self, night: Night) -> Seen:
        """Run a night, and look at what it left."""
        self._num_nights += 1
        params = overlaid(self._usual, {"judge": night.judge})
        write_text(self.folder / catalog.PARAMS, yaml_text(params))
        rollback_s = self._command("tasks", "rollback")[1] if night.rolls_back else None
        before, log = self.registry.versions(self._key), self.registry.log().lines
        if night.batch:
            self._add(poisoned=night.batch == "poisoned")
        spent = cpu_seconds()
        words = ("flows", "retrain") if night.way == "prefect" else ("dvc", "repro")
        code, wall_s, output = self._command(*words)
        promote_s = None
        if night.order is not None:
            promote_s = self._command("tasks", "promote", *night.order)[1]
        wrong = [*self._wrong(night, code), *self._unlike(night, before)]
        if wrong:
            print(output[-4000:], file=sys.stderr)
        lines = self.registry.log().lines[len(log) :]
        pointer = self.registry.in_service(self._key)
        print(f"night {self._num_nights}: {night.what}, {cpu_seconds() - spent:.0f} CPU-s, {wrong}")
        return Seen(
            outcome=self._outcome(code),
            version=pointer.version if pointer else None,
            versions=tuple(self.registry.versions(self._key)),
            events=dict(sorted(Counter(line.event for line in lines).items())),
            num_refused=len(list(self.registry.refused.glob("*"))),
            wrong=tuple(wrong),
            wall_s=round(wall_s, 2),
            promote_s=promote_s and round(promote_s, 2),
            rollback_s=rollback_s and round(rollback_s, 2),
        )

    def _add(self, *, poisoned: bool) -> None:
        """Add a batch, whose labels are all wrong if it is poisoned."""
        images, labels = draw_images(_BATCH_IMAGES, _SIDE, _SIDE, _NUM_CLASSES, 7000 + self._num_nights)
        labels = (labels + poisoned) % _NUM_CLASSES
        source = self._batches / f"{self._num_nights:02}"
        save(source, (images, labels), read_params(self.folder / catalog.PARAMS).dataset)
        code, _, output = self._command(
            "tasks", "add", str(source), "--name", f"9999-{self._num_nights:02}"
        )
        if code:
            raise RuntimeError(output)

    def _outcome(self, code: int) -> str:
        if code and (self.folder / _PAGE).is_file():
            return "invalid"
        if not (self.folder / catalog.DECISION).is_file():
            return "none"
        return read_record(self.folder / catalog.DECISION, Decision).outcome

    def _wrong(self, night: Night, code: int) -> list[str]:
        """Return what is wrong with a night's end and its decision."""
        outcome = self._outcome(code)
        wrong = [] if outcome == night.outcome else [f"the decision is {outcome}, not {night.outcome}"]
        if bool(code) != (night.outcome == "invalid"):
            wrong.append(f"the run ended with {code}")
        if night.outcome == "invalid" and (self.folder / catalog.DECISION).is_file():
            wrong.append("an invalid night left a decision")
        return wrong

    def _unlike(self, night: Night, before: list[str]) -> list[str]:
        """Return what is wrong with the registry and the page after a night."""
        registry, wrong = self.registry, []
        pointer, versions = registry.in_service(self._key), registry.versions(self._key)
        if len(versions) - len(before) != night.promotes:
            wrong.append(f"there are {len(versions)} versions, and there were {len(before)}")
        if pointer is None:
            return [*wrong, "nothing is in service"]
        if night.promotes and pointer.version != versions[-1]:
            wrong.append(f"{pointer.version} is in service, not {versions[-1]}")
        try:
            registry.checked(self._key, pointer.version, check_apart)
        except LitesmithError as error:
            wrong.append(str(error))
        if registry.repair():
            wrong.append("the log does not tell what is in service")
        # The flow writes it, before a person may promote.
        if night.way == "prefect" and night.order is None:
            page = (self.folder / catalog.INDEX).read_text(encoding="utf-8")
            if f"<b>{pointer.version}</b>" not in page:
                wrong.append("the history does not show the version in service")
        return wrong

    def _command(self, *words: str) -> tuple[int, float, str]:
        """Run ``python -m`` with words, and return exit code, seconds and output."""
        foreign = ("DVC_", "PREFECT_", "LITESMITH_")
        own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        path = os.pathsep.join([str(Path(sys.executable).parent), own["PATH"]])
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env={**own, "PATH": path, **self._environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        return done.returncode, time.perf_counter() - began, done.stdout


def plain(seen: Seen) -> dict[str, object]:
    """Return what a night left as JSON can hold it."""
    return asdict(seen)
