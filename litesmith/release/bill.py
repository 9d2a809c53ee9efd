"""The bill of materials: model, data, and the software that made it.

Source: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/
"""

import json
import re
import uuid
from collections.abc import Mapping

from pydantic import JsonValue

from litesmith.params.sections.dataset import Description
from litesmith.records.convert import ConvertedFile, TensorForm
from litesmith.records.evaluate import Variant
from litesmith.records.service.judge import Decision
from litesmith.records.service.release import PackageProvenance

Fields = dict[str, JsonValue]

_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_DATA = "data"
# What runs the model; all else made it and is not shipped.
_RUNTIME = "ai-edge-litert"


def bill_of_materials(
    decision: Decision,
    file: ConvertedFile,
    tested: Variant,
    data: Description,
    provenance: PackageProvenance,
) -> Fields:
    """Return the bill as CycloneDX's JSON has it.

    It holds no time, and its serial number follows from its content: the same package has the same bill.

    Args:
        decision: On the model.
        file: The model as it was converted.
        tested: The model on the test images.
        data: What the data set is called, its license and source.
        provenance: With digests of the splits and versions of the packages.
    """
    model = decision.candidate
    reference = f"model:{model.sha256}"
    component: Fields = {
        "type": "machine-learning-model",
        "bom-ref": reference,
        "name": f"{decision.dataset}-{decision.device}",
        "version": model.sha256[:12],
        "description": f"{model.name}.tflite, {model.bytes} bytes, {file.precision}",
        "hashes": [{"alg": "SHA-256", "content": model.sha256}],
        "modelCard": _model_card(file, tested),
    }
    libraries = _libraries(provenance.versions)
    content: Fields = {
        "version": 1,
        "metadata": {"component": component},
        "components": [_data(data, provenance), *libraries.values()],
        "dependencies": [{"ref": reference, "dependsOn": [_DATA, *libraries]}],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(content, sort_keys=True))
    head: Fields = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": serial.urn}
    return head | content


def _model_card(file: ConvertedFile, tested: Variant) -> Fields:
    low, high = tested.accuracy_interval
    metric: Fields = {
        "type": "accuracy",
        "value": f"{tested.accuracy:.6g}",
        "slice": "test split",
        "confidenceInterval": {"lowerBound": f"{low:.6g}", "upperBound": f"{high:.6g}"},
    }
    return {
        "modelParameters": {
            "approach": {"type": "supervised"},
            "task": "image-classification",
            "architectureFamily": "convolutional neural network",
            "datasets": [{"ref": _DATA}],
            "inputs": [{"format": _format(file.input)}],
            "outputs": [{"format": _format(file.output)}],
        },
        "quantitativeAnalysis": {"performanceMetrics": [metric]},
    }


def _format(tensor: TensorForm) -> str:
    """Return dtype, shape and quantization in words."""
    shape = "x".join(map(str, tensor.shape))
    if tensor.scale is None:
        return f"{tensor.dtype} {shape}"
    return f"{tensor.dtype} {shape}, real value = {tensor.scale!r} * (value - {tensor.zero_point})"


def _data(data: Description, provenance: PackageProvenance) -> Fields:
    """Return the data set as a component."""
    content: Fields = {"type": "dataset", "name": data.name}
    if data.source and _ADDRESS.fullmatch(data.source):
        content |= {"contents": {"url": data.source}}
    properties: list[JsonValue] = [
        {"name": f"litesmith:{split}:sha256", "value": summary.sha256}
        for split, summary in provenance.splits.items()
    ]
    component: Fields = {
        "type": "data",
        "bom-ref": _DATA,
        "name": provenance.dataset,
        "data": [content],
        "properties": properties,
    }
    if data.license:
        component |= {"licenses": [{"license": {"name": data.license}}]}
    return component


def _libraries(versions: Mapping[str, Mapping[str, str]]) -> dict[str, Fields]:
    """Return the packages that decided numbers as components, by reference."""
    pins = sorted({pin for step in versions.values() for pin in step.items()})
    addresses = {f"pkg:pypi/{name}@{version}": (name, version) for name, version in pins}
    return {
        address: {
            "type": "library",
            "bom-ref": address,
            "name": name,
            "version": version,
            "purl": address,
            "scope": "required" if name == _RUNTIME else "excluded",
        }
        for address, (name, version) in addresses.items()
    }
