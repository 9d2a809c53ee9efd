"""Tests of docs/extending.md: the files that it names are there, and hold what it says."""

import re
from pathlib import Path

import pytest

from tasks.pipeline import PIPELINE

PROJECT = Path(__file__).parents[1]
TEXT = (PROJECT / "docs/extending.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`([\w./-]+/[\w./-]+|[\w-]+\.(?:yaml|toml))`", TEXT)))
)
def test_every_path_exists(path: str) -> None:
    assert (PROJECT / path).exists()


def test_the_examples_are_registered() -> None:
    from litesmith.compression.variants.clustered import CLUSTERED
    from litesmith.compression.variants.registry import VARIANTS
    from litesmith.data.formats.npz import NPZ
    from litesmith.data.formats.registry import FORMATS
    from litesmith.device.mcu import MCU
    from litesmith.device.registry import MEASUREMENTS
    from litesmith.report.page import SECTIONS
    from litesmith.report.sections.conversion.section import SECTION
    from litesmith.tflite.precisions.dynamic import DYNAMIC
    from litesmith.tflite.precisions.registry import PRECISIONS

    assert DYNAMIC in PRECISIONS
    assert CLUSTERED in VARIANTS
    assert NPZ in FORMATS
    assert MCU in MEASUREMENTS
    assert SECTION in SECTIONS
    assert "prune" in [step.name for step in PIPELINE]


@pytest.mark.parametrize(
    ("name", "only"),
    [
        (
            "dynamic",
            {"litesmith/tflite/precisions/dynamic.py", "litesmith/tflite/precisions/registry.py"},
        ),
        (
            "clustered",
            {
                "litesmith/compression/variants/clustered.py",
                "litesmith/compression/variants/registry.py",
            },
        ),
        ("npz", {"litesmith/data/formats/npz.py", "litesmith/data/formats/registry.py"}),
        ("mcu", {"litesmith/device/mcu.py", "litesmith/device/registry.py"}),
    ],
)
def test_code_names_a_registered_thing_in_its_module_and_its_registry_alone(
    name: str, only: set[str]
) -> None:
    naming = {
        path.relative_to(PROJECT).as_posix()
        for ring in ("litesmith", "tasks", "flows")
        for path in (PROJECT / ring).rglob("*.py")
        if re.search(
            rf"[\"']{name}[\"']|\.{name} import|\b{name.upper()}\b", path.read_text(encoding="utf-8")
        )
    }
    assert naming <= only
