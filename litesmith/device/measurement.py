"""Measurements of files with the tools of a device."""

import logging
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from litesmith.errors import ConversionError
from litesmith.params.sections.evaluate import EvaluateParams
from litesmith.records.device import Column, DeviceMeasurement, MeasuredFile

_LOG = logging.getLogger(__name__)

Values = dict[str, int | float]
"""What was measured of a file, by the names of the columns."""


@dataclass(frozen=True)
class MeasuredLimit:
    """The limit of the device that a column is checked against."""

    name: str
    column: str
    label: str
    unit: str


@dataclass(frozen=True)
class Measurement:
    """A measurement of files with a tool that is installed only on request.

    Attributes:
        name: As ``evaluate.measure`` lists it; the extra that installs the tool has the same name.
        package: Distribution of the tool.
        title: What is measured, as the title of a table.
        caption: What the table shows; ``{tool}`` and the keys of ``settings`` are filled in.
        columns: The numbers shown.
        limit: The limit that one of them is checked against, None if there is none.
        measure: Measures one file. Raises `ConversionError` if it does not run there.
        weights: Integer files with weights of these dtypes are measured; one that does not run is an
            error.
        maybe_weights: The same, but the tool may refuse such a file.
        settings: The tool's settings for the device, by name.
    """

    name: str
    package: str
    tool: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    limit: MeasuredLimit | None
    measure: Callable[[Path, EvaluateParams], Values]
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
            params: With the tool's settings.
            may_refuse: Names of the files that the tool may refuse.

        Raises:
            ConversionError: Another file does not run.
        """
        tool, files = self.describe_tool(), {}
        for name, path in paths.items():
            try:
                files[name] = MeasuredFile(values=self.measure(path, params), refused=None)
            except ConversionError as error:
                if name not in may_refuse:
                    raise
                _LOG.info("%s", error)
                files[name] = MeasuredFile(values={}, refused=str(error))
        caption = self.caption.format(tool=tool, **self.settings(params))
        return DeviceMeasurement(
            title=self.title, tool=tool, caption=caption, columns=self.columns, files=files
        )


def installed_version(package: str) -> str | None:
    """Return the version of an installed distribution, None if there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
