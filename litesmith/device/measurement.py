"""Measurements of files with the tools of a device."""

import logging
import os
import subprocess
from collections.abc import Callable, Container, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from litesmith.errors import ConversionError
from litesmith.files import UTF8_PIPES
from litesmith.params.sections.evaluate import EvaluateParams
from litesmith.records.device import Column, DeviceMeasurement, MeasuredFile

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeviceCost:
    """Base of what the measurements return: frozen dataclasses of numbers."""


@dataclass(frozen=True)
class MeasuredLimit:
    """The limit of the device that one number of a measurement is judged by.

    Attributes:
        name: Of the limit, a key of ``device``.
        field: Name of the number.
        label: What the number is, in words.
        unit: ``bytes``, ``ms`` or empty.
    """

    name: str
    field: str
    label: str
    unit: str


@dataclass(frozen=True)
class Measurement:
    """A measurement of files with a tool that is installed only if asked for.

    Attributes:
        name: As ``evaluate.measure`` lists it; the extra that installs the tool has the same name.
        package: Distribution of the tool.
        tool: Name of the tool for people.
        title: What is measured, as the title of a table.
        caption: What the table shows; ``{tool}`` and the keys of ``settings`` are filled in.
        columns: The numbers shown.
        limit: The limit that one of them is judged by, None if there is none.
        measure: Measures one file. Raises `ConversionError` if it does not run there.
        weights: Integer files with weights of these dtypes are measured; one that does not run is an
            error.
        maybe_weights: The same, but the tool may refuse such a file.
        settings: What the tool is told of the device, by name.
    """

    name: str
    package: str
    tool: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    limit: MeasuredLimit | None
    measure: Callable[[Path, EvaluateParams], DeviceCost]
    weights: tuple[str, ...] = ("int8",)
    maybe_weights: tuple[str, ...] = ()
    settings: Callable[[EvaluateParams], Mapping[str, str]] = lambda _: {}

    @property
    def is_installed(self) -> bool:
        """Whether the tool is there."""
        return installed_version(self.package) is not None

    def describe_tool(self) -> str:
        """Return name and version of the tool."""
        return f"{self.tool} {installed_version(self.package)}"

    def result(
        self, paths: Mapping[str, Path], params: EvaluateParams, may_refuse: Container[str]
    ) -> DeviceMeasurement:
        """Measure files.

        Args:
            paths: The files by name.
            params: What the tool is told.
            may_refuse: Names of those that the tool may refuse.

        Raises:
            ConversionError: Another file does not run.
        """
        tool = self.describe_tool()
        return DeviceMeasurement(
            title=self.title,
            tool=tool,
            caption=self.caption.format(tool=tool, **self.settings(params)),
            columns=self.columns,
            files={
                name: self._measured(path, params, name in may_refuse) for name, path in paths.items()
            },
        )

    def _measured(self, path: Path, params: EvaluateParams, may_refuse: bool) -> MeasuredFile:
        try:
            return MeasuredFile(values=asdict(self.measure(path, params)), refused=None)
        except ConversionError as error:
            if not may_refuse:
                raise
            _LOG.info("%s", error)
            return MeasuredFile(values={}, refused=str(error))


def installed_version(package: str) -> str | None:
    """Return the version of an installed distribution, None if there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def run_tool(command: list[str], path: Path, tool: str) -> str:
    """Run a tool in a process of its own and return all its output.

    Args:
        command: Program and arguments.
        path: The measured file, for the message.
        tool: Name and version of the tool, for the message.

    Raises:
        ConversionError: The tool failed.
    """
    home = str(Path(__file__).resolve().parents[2])
    process = subprocess.run(
        command,
        env={**os.environ, **UTF8_PIPES, "PYTHONPATH": home},
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    output = process.stdout + process.stderr
    if process.returncode != 0:
        reason = "\n".join(output.strip().splitlines()[-3:])
        raise ConversionError(f"{path.name} does not run under {tool}: {reason}")
    return output
