"""Tests of litesmith.release.bill, held to the schema of CycloneDX 1.6."""

import json
from pathlib import Path

import pytest

from litesmith.files import read_json
from litesmith.params.sections.dataset import Description
from litesmith.release.bill import bill_of_materials
from tests.litesmith.release.packages import DESCRIPTION, tiny_decision, tiny_release

validation = pytest.importorskip("cyclonedx.validation.json", reason="needs cyclonedx-python-lib")


def errors(text: str) -> object:
    """Return what is wrong with a bill, None if nothing."""
    from cyclonedx.schema import SchemaVersion

    return validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)


def bill(data: Description) -> dict[str, object]:
    release = tiny_release()
    final = release.evaluated.variants[release.evaluated.final]
    return bill_of_materials(tiny_decision(release.model), release.file, final, data, release.provenance)


def test_the_bill_of_a_package_is_valid(package: Path) -> None:
    assert errors((package / "bill.cdx.json").read_text()) is None


def test_the_validator_refuses_what_is_none(package: Path) -> None:
    content = read_json(package / "bill.cdx.json")
    assert errors(json.dumps({**content, "serialNumber": "7"})) is not None
    assert errors(json.dumps({**content, "strange": 1})) is not None


@pytest.mark.parametrize(
    ("licensed", "source"),
    [(None, None), ("own, see “terms”", "a box in the cellar"), ("MIT", "https://a.b/c")],
)
def test_the_bill_is_valid_whatever_the_data_set_says(licensed: str | None, source: str | None) -> None:
    data = DESCRIPTION.replace(name="a “set”", license=licensed, source=source)
    assert errors(json.dumps(bill(data))) is None


def test_the_model_is_its_subject() -> None:
    release, content = tiny_release(), json.loads(json.dumps(bill(DESCRIPTION)))
    component = content["metadata"]["component"]
    assert component["type"] == "machine-learning-model"
    assert component["hashes"][0]["content"] == tiny_decision(release.model).candidate.sha256
    assert component["modelCard"]["modelParameters"]["datasets"] == [{"ref": "data"}]
    libraries = {each["name"]: each for each in content["components"] if each["type"] == "library"}
    assert {name: each["scope"] for name, each in libraries.items()} == {
        "ai-edge-litert": "required",
        "numpy": "excluded",
    }
    assert len(content["components"]) == 3


def test_the_serial_number_follows_from_the_content() -> None:
    other = DESCRIPTION.replace(license="MIT")
    assert bill(DESCRIPTION) == bill(DESCRIPTION)
    assert bill(DESCRIPTION)["serialNumber"] != bill(other)["serialNumber"]
