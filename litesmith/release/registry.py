"""The registry of released models, which a crash leaves complete.

A folder holds, for all data sets and devices:

- ``in-service.json``, the only pointer file, a `Pointers`;
- ``packages/VERSION/``, which appears by one rename, and ``VERSION.dvc`` where DVC keeps it;
- ``manifests/VERSION.json``, the package's manifest as text for git;
- ``log.jsonl``, a `LogLine` for each event, only appended to;
- ``refused/``, the last packages that were not put in service, each with the reason;
- ``staging/``, what is being made, with a file ``VERSION.intent`` from the first write of a promotion to
  its last.

Whoever writes holds a lock (`tasks.dag.lock.changing_releases`); readers need none.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from litesmith.errors import DataError, LitesmithError, ParamsError, ReleaseError, did_you_mean
from litesmith.records.record import Record, read_record
from litesmith.records.service.judge import Decision
from litesmith.records.service.release import Event, InService, LogLine, Pointers
from litesmith.release.check import MANIFEST, check_files
from litesmith.release.durable import (
    PART,
    append_line,
    copy_folder,
    discard,
    remove,
    rename_durably,
    sync_tree,
    write_durably,
)
from litesmith.release.log import ReleaseLog, read_log
from litesmith.release.pointers import Key, read_pointers

Check = Callable[[Path], None]
"""Raises `DataError` if a package does not answer as it should."""

Keep = Callable[[Path], str]
"""Signs a package, lets DVC keep it, and returns a text on that."""

DECISION = "decision.json"
_REFUSAL = "refusal.json"
_INTENT = ".intent"
_DIGITS = 4


@dataclass(frozen=True)
class Order:
    """Who orders a promotion or a rollback, and why.

    None and empty if the decision does. The revision is that of the sources then, None if git does not
    tell.
    """

    by: str | None = None
    why: str = ""
    revision: str | None = None

    @property
    def is_override(self) -> bool:
        """Whether a person answers for it."""
        return bool(self.by and self.why)


@dataclass(frozen=True)
class Candidate:
    """A package with the decision on it and that file's SHA-256."""

    package: Path
    decision: Decision
    decision_sha256: str

    @property
    def key(self) -> Key:
        """The pointer that it would move."""
        return Key(self.decision.dataset, self.decision.device)


@dataclass(frozen=True)
class Change:
    """What a promotion or a rollback changed; the note tells what DVC did."""

    key: Key
    version: str
    before: str | None
    note: str = ""


def read_candidate(package: Path, decision: Path) -> Candidate:
    """Read what would be promoted.

    Raises:
        ReleaseError: There is no decision.
        DataError: The decision cannot be read.
    """
    try:
        digest = hashlib.sha256(decision.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        text = f"{decision} is missing, so nothing was judged here. A run writes it: `dvc repro`."
        raise ReleaseError(text) from error
    return Candidate(package, read_record(decision, Decision), digest)


@dataclass(frozen=True)
class Registry:
    """The registry in a folder, which may not be there yet."""

    folder: Path

    @property
    def packages(self) -> Path:
        """Where the packages lie."""
        return self.folder / "packages"

    @property
    def refused(self) -> Path:
        """Where the last refused packages lie."""
        return self.folder / "refused"

    @property
    def _pointer(self) -> Path:
        return self.folder / "in-service.json"

    @property
    def _log(self) -> Path:
        return self.folder / "log.jsonl"

    @property
    def _staging(self) -> Path:
        return self.folder / "staging"

    def pointers(self) -> Pointers:
        """Return the versions in service.

        Raises:
            DataError: The pointer file cannot be read.
        """
        return read_pointers(self._pointer)

    def log(self) -> ReleaseLog:
        """Return the log."""
        return read_log(self._log)

    def in_service(self, key: Key) -> InService | None:
        """Return the version in service, None before the first."""
        return self.pointers().in_service.get(str(key))

    def repair(self) -> list[str]:
        """Bring the registry into order after a crash.

        Returns a text for each thing done.

        What a promotion left that did not move the pointer goes, as does what nobody finished writing. A
        line of the log that did not come to pass is followed by one that says so.
        """
        pointers = self.pointers()
        current = {pointer.version for pointer in pointers.in_service.values()}
        done = list[str]()
        for key, last in self.log().last_states().items():
            pointer = pointers.in_service.get(str(Key(*key)))
            if last.version != (version := pointer.version if pointer else None):
                done.append(
                    f"{version or 'nothing'} is in service, not {last.version or 'nothing'} as the log "
                    "says: the command was stopped, or the pointer's file was restored"
                )
                self._append("not completed", Key(*key), version, last.version, why=done[-1])
        for intent in self._staging.glob(f"*{_INTENT}"):
            if (version := intent.stem) not in current:
                for path in self._places(version):
                    remove(path)
                done.append(f"removed {version}, whose promotion was stopped before it was in service")
        self._sweep()
        return done

    def promote(self, candidate: Candidate, order: Order, check: Check, keep: Keep) -> Change:
        """Put a candidate in service, under the next version.

        The order of writes: the package, what ``keep`` does, a line of the log, the pointer.

        Raises:
            ParamsError: The candidate is in service already.
            ReleaseError: The decision does not allow it.
            DataError: The package is not as its manifest says, or ``check`` fails.
            MachineError: A file cannot be written.
        """
        self._require_promotable(candidate, order)
        manifest = check_files(candidate.package)
        check(candidate.package)
        key, version = candidate.key, self._next_version(candidate.key)
        present = self.in_service(key)
        before = present.version if present else None
        staged, intent = self._staging / version, self._staging / f"{version}{_INTENT}"
        try:
            write_durably(intent, b"")
            copy_folder(candidate.package, staged)
            note = keep(staged)
            # Also what DVC has put in the place of the copy.
            check_files(staged)
            sync_tree(staged)
            content = (staged / MANIFEST).read_bytes()
            rename_durably(staged, self.packages / version)
            if (kept := self._staging / f"{version}.dvc").is_file():
                rename_durably(kept, self.packages / kept.name)
            write_durably(self._manifest(version), content)
            self._append("promoted", key, version, before, order=order, candidate=candidate)
            digest = hashlib.sha256(content).hexdigest()
            self._point(key, InService(
                version=version, manifest_sha256=digest, model_sha256=manifest.model_sha256
            ))  # fmt: skip
            remove(intent)
        except BaseException:
            with suppress(LitesmithError, OSError):
                self.repair()
            raise
        return Change(key, version, before, note)

    def rollback(self, key: Key, version: str | None, order: Order, check: Check) -> Change:
        """Put a former version in service again, by default the one before.

        Raises:
            ReleaseError: Nothing is in service, or there is no version before.
            ParamsError: There is no such version, or it is in service.
            DataError: Its package is damaged or not here, or ``check`` fails; nothing is changed.
            MachineError: A file cannot be written.
        """
        target, present = self.target(key, version), self.in_service(key)
        before = present.version if present else None
        pointer = self.checked(key, target, check)
        self._append("rolled back", key, target, before, order=order)
        self._point(key, pointer)
        return Change(key, target, before)

    def target(self, key: Key, version: str | None) -> str:
        """Return the version that a rollback leads to, by default the one before.

        Raises:
            ReleaseError: Nothing is in service, or there is no version before.
            ParamsError: There is no such version, or it is in service.
        """
        present = self.in_service(key)
        if present is None:
            raise ReleaseError(f"no model is in service for {key}, so there is no way back.")
        target = version or self._version_before(key, present.version)
        if target == present.version:
            raise ParamsError(f"{target} is in service already.")
        self._require_version(key, target)
        return target

    def checked(self, key: Key, version: str, check: Check) -> InService:
        """Check the package of a version, and return what points to it.

        Raises:
            DataError: The package is damaged or not here, or ``check`` fails.
        """
        package, kept = self.packages / version, self._manifest(version)
        if not package.is_dir():
            raise DataError(
                f"{package} is not here. Get it with `dvc pull {package}.dvc`, or `dvc checkout` if "
                "DVC's cache has it."
            )
        manifest = check_files(package)
        content = (package / MANIFEST).read_bytes()
        if kept.is_file() and kept.read_bytes() != content:
            raise DataError(
                f"{package / MANIFEST} is not the manifest that was released, which {kept} holds. "
                f"Restore the package with `dvc checkout --force {package}.dvc`."
            )
        if Key(manifest.dataset, manifest.device) != key:
            raise DataError(f"{version} is for {manifest.dataset}/{manifest.device}, not for {key}.")
        check(package)
        digest = hashlib.sha256(content).hexdigest()
        return InService(version=version, manifest_sha256=digest, model_sha256=manifest.model_sha256)

    def judged(self, candidate: Candidate) -> LogLine | None:
        """Add a line on a decision; None if there is one already."""
        known = {line.decision_sha256 for line in self.log().lines if line.event == "judged"}
        if candidate.decision_sha256 in known:
            return None
        present = self.in_service(candidate.key)
        version = present.version if present else None
        return self._append("judged", candidate.key, version, version, candidate=candidate)

    def refuse(self, candidate: Candidate, order: Order, reason: str, most: int) -> None:
        """Add a line on a promotion that was refused, and quarantine its package.

        Args:
            candidate: What was to be promoted.
            order: Who ordered it.
            reason: In words.
            most: How many packages stay in quarantine.
        """
        present = self.in_service(candidate.key)
        version = present.version if present else None
        line = self._append(
            "refused", candidate.key, version, version, why=reason, order=order, candidate=candidate
        )
        self.quarantine(candidate, line, most)

    def quarantine(self, candidate: Candidate, line: LogLine, most: int) -> Path | None:
        """Copy a package with the line that says why, and remove the oldest.

        Returns:
            Where it is; None if it was there already, or there is no package.
        """
        moment = f"{line.when:%Y%m%dT%H%M%SZ}"
        name = f"{candidate.key.stem}-{moment}-{candidate.decision_sha256[:8]}"
        is_there = any(path.name[-8:] == name[-8:] for path in self.refused.glob("*"))
        if is_there or not candidate.package.is_dir():
            return None
        staged = self._staging / name
        copy_folder(candidate.package, staged)
        write_durably(staged / _REFUSAL, _text(line))
        rename_durably(staged, self.refused / name)
        # Names end with a moment and a digest; the new one stays among those of the same second.
        by_age = sorted(self.refused.iterdir(), key=lambda path: (path.name == name, path.name[-25:]))
        for path in by_age[:-most]:
            remove(path)
        return self.refused / name

    def _require_promotable(self, candidate: Candidate, order: Order) -> None:
        """Raise an error unless a candidate may be put in service."""
        decision, present = candidate.decision, self.in_service(candidate.key)
        if present and present.model_sha256 == decision.candidate.sha256:
            raise ParamsError(f"this model is in service already, as {present.version}.")
        self._require_about_present(decision, present)
        _require_of_candidate(candidate)
        if order.is_override:
            return
        how = 'To promote it all the same, say who and why: --by NAME --why "TEXT".'
        if decision.outcome != "promote":
            raise ReleaseError(f"the decision is: {decision.outcome}. {decision.headline} {how}")
        if back := self.log().rolled_back(decision.candidate.sha256):
            raise ReleaseError(
                f"this very model was in service as {back.before} and was rolled back on "
                f"{back.when:%Y-%m-%d} by {back.by}: {back.why.rstrip('.')}. {how}"
            )

    def _require_about_present(self, decision: Decision, present: InService | None) -> None:
        """Raise `ReleaseError` if another model is in service than was judged against."""
        judged = decision.released
        seen = (judged.version, judged.sha256) if judged else None
        if seen == ((present.version, present.model_sha256) if present else None):
            return
        then = (judged and judged.version) or "nothing"
        now = present.version if present else "nothing"
        raise ReleaseError(
            f"the decision is about {then} in service, and {now} is in service now: another model was "
            "put in service since. Run again, which judges the candidate against that."
        )

    def _version_before(self, key: Key, version: str) -> str:
        line = self.log().promotion_of(version)
        if line is None or line.before is None:
            known = ", ".join(self.versions(key)) or "none"
            raise ReleaseError(
                f"the log knows no version of {key} before {version}. Name one: here are {known}."
            )
        return line.before

    def _require_version(self, key: Key, version: str) -> None:
        known = self.versions(key)
        if version not in known:
            raise ParamsError(
                f"{version!r} is no version of {key}.{did_you_mean(version, known)} Known here: "
                f"{', '.join(known) or 'none'}."
            )

    def versions(self, key: Key) -> list[str]:
        """Return the versions of a data set and device, the first one first."""
        names = {path.name for path in self.packages.glob("*") if path.is_dir()}
        names |= {path.stem for path in self.packages.glob("*.dvc")}
        return [name for _, name in sorted(_numbered(key, names))]

    def _next_version(self, key: Key) -> str:
        names = {*self.versions(key)} | {path.stem for path in self.folder.glob("manifests/*.json")}
        names |= {line.version for line in self.log().lines if line.version}
        last = max((number for number, _ in _numbered(key, names)), default=0)
        return f"{key.stem}-{last + 1:0{_DIGITS}}"

    def _manifest(self, version: str) -> Path:
        return self.folder / "manifests" / f"{version}.json"

    def _places(self, version: str) -> tuple[Path, ...]:
        """Return all files and folders of a version."""
        package = self.packages / version
        return self._manifest(version), package.with_name(f"{version}.dvc"), package

    def _sweep(self) -> None:
        """Remove what is half made: whoever made it has gone."""
        for folder in (self.folder, self.packages, self._manifest("").parent, self.refused):
            for path in folder.glob(f".*{PART}"):
                discard(path)
        # What says that something is being made goes last.
        for path in sorted(self._staging.glob("*"), key=lambda path: path.suffix == _INTENT):
            discard(path)

    def _point(self, key: Key, pointer: InService) -> None:
        pointers = self.pointers()
        in_service = dict(sorted({**pointers.in_service, str(key): pointer}.items()))
        write_durably(self._pointer, _text(pointers.model_copy(update={"in_service": in_service}), 2))

    def _append(
        self,
        event: Event,
        key: Key,
        version: str | None,
        before: str | None,
        *,
        why: str = "",
        order: Order | None = None,
        candidate: Candidate | None = None,
    ) -> LogLine:
        decision = candidate.decision if candidate else None
        line = LogLine(
            when=datetime.now().astimezone().replace(microsecond=0),
            event=event,
            dataset=key.dataset,
            device=key.device,
            version=version,
            before=before,
            by=order.by if order else None,
            why=why or (order.why if order else "") or (decision.headline if decision else ""),
            revision=order.revision if order else None,
            outcome=decision.outcome if decision else None,
            decision_sha256=candidate.decision_sha256 if candidate else None,
            candidate_sha256=decision.candidate.sha256 if decision else None,
            gate_sha256=decision.gate.sha256 if decision else None,
            gate_images=decision.gate.num_images if decision else None,
            discordant=decision.share_discordant if decision else None,
        )
        append_line(self._log, _text(line).decode())
        return line


def _require_of_candidate(candidate: Candidate) -> None:
    """Raise `ReleaseError` unless a package holds the judged model and its decision."""
    package, decision = candidate.package, candidate.decision
    written = package / DECISION
    again = "`dvc repro package` writes the package again."
    if not package.is_dir():
        raise ReleaseError(f"{package} is missing. {again}")
    manifest = check_files(package)
    if manifest.model_sha256 != decision.candidate.sha256:
        raise ReleaseError(
            f"{package} holds the model {manifest.model_sha256}, and the decision is about "
            f"{decision.candidate.sha256}. {again}"
        )
    if Key(manifest.dataset, manifest.device) != candidate.key:
        raise ReleaseError(
            f"{package} is for {manifest.dataset}/{manifest.device}, and the decision is about "
            f"{candidate.key}. {again}"
        )
    digest = hashlib.sha256(written.read_bytes()).hexdigest() if written.is_file() else None
    if digest != candidate.decision_sha256:
        raise ReleaseError(f"{written} is not the last decision. {again}")


def _numbered(key: Key, names: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the versions of a data set and device with their numbers."""
    pattern = re.compile(rf"{re.escape(key.stem)}-(\d{{{_DIGITS},}})")
    for name in names:
        if match := pattern.fullmatch(name):
            yield int(match[1]), name


def _text(record: Record, indent: int | None = None) -> bytes:
    return (record.model_dump_json(indent=indent) + ("\n" if indent else "")).encode()
