"""DVC for released packages, and processes that check them."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from litesmith.errors import MachineError
from litesmith.files import UTF8_PIPES
from tasks import catalog

_KEEP_PATIENCE_S = 120.0
_GIT_PATIENCE_S = 10.0


def check_apart(package: Path, public_key: Path | None = None) -> None:
    """Check a package; its model runs in a process of its own.

    Raises:
        DataError: The package does not verify, or is not signed with the key.
    """
    from litesmith.release.checking import check_package

    check_package(package, public_key)


@dataclass(frozen=True)
class Keeper:
    """Signs what is staged, and lets DVC keep it, in the project alone.

    Attributes:
        project: Its folder.
        signing_key: A private key, None to leave packages without a signature.
    """

    project: Path
    signing_key: Path | None

    def __call__(self, staged: Path) -> str:
        """Add a package to DVC, push it, and return a text on that.

        A package that DVC does not take is in service all the same, from its folder.

        Raises:
            DataError: The key is none.
            MachineError: The signature cannot be written.
        """
        if self.signing_key:
            from litesmith.release.signing import sign

            sign(staged, self.signing_key)
        final = f"{catalog.RELEASED_PACKAGES / staged.name}"
        if not (self.project / ".dvc").is_dir():
            return f"DVC is not set up here: {final} is in this folder alone."
        script = Path(__file__).with_name("keeping.py")
        command = [sys.executable, "-P", str(script), str(staged.relative_to(self.project))]
        reader, writer = os.pipe()
        try:
            done = subprocess.run(
                command,
                cwd=self.project,
                env={**os.environ, **UTF8_PIPES, "DVC_NO_ANALYTICS": "1"},
                stdin=reader,
                capture_output=True,
                check=False,
                encoding="utf-8",
                errors="replace",
                timeout=_KEEP_PATIENCE_S,
            )
        except subprocess.TimeoutExpired:
            return f"DVC did not end within {_KEEP_PATIENCE_S:g} s. {_by_hand(final)}"
        finally:
            os.close(reader)
            os.close(writer)
        said, last = _errors(done.stderr), done.stdout.strip().rpartition("\n")[-1]
        if done.returncode:
            return f"DVC does not keep it: {said} {_by_hand(final)}"
        if last == "no remote":
            return "DVC keeps it here; there is no remote to push it to."
        if last == "pushed":
            return "DVC keeps it and has pushed it."
        return f"NOT PUSHED: {said} No other machine can get it before `dvc push {final}.dvc` has run."


def revision(project: Path) -> str | None:
    """Return the commit that is checked out, None if git does not tell."""
    try:
        done = subprocess.run(
            ["git", "-c", f"safe.directory={project.resolve()}", "rev-parse", "--verify", "HEAD"],
            cwd=project,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=_GIT_PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def pull(project: Path, version: str) -> None:
    """Get a version's package from DVC's cache or remote, if it is not here.

    Raises:
        MachineError: DVC fails.
    """
    package = catalog.RELEASED_PACKAGES / version
    kept = package.with_name(f"{version}.dvc")
    if (project / package).is_dir() or not (project / kept).is_file():
        return
    done = subprocess.run(
        [sys.executable, "-P", "-m", "dvc", "--wait-for-lock", "pull", str(kept)],
        cwd=project,
        env={**os.environ, **UTF8_PIPES, "DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        raise MachineError(
            f"{package} is not here, and DVC cannot get it: {_errors(done.stderr)} Run "
            "`dvc push` where the package is, and try again."
        )


def _errors(text: str) -> str:
    """Return what DVC says of an error, without its progress and advice."""
    lines = [line for line in text.splitlines() if line.startswith("ERROR")] or text.split("\n")[-3:]
    return f"{' '.join(' '.join(lines).split()).rstrip('.')}."


def _by_hand(package: str) -> str:
    return f"Run `dvc add {package}` and `dvc push {package}.dvc` once that is mended."
