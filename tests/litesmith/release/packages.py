"""Packages of a tiny model, made without TensorFlow, and their damages."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from litesmith.judging.decide import decide
from litesmith.params.sections.dataset import Description
from litesmith.records.prepare import SplitSummary
from litesmith.records.service.judge import Decision, JudgedFile, ScoreHistogram
from litesmith.records.service.release import PackageProvenance
from litesmith.release import verify
from litesmith.release.golden import golden_rows
from litesmith.release.package import Release, write_package
from litesmith.report.reference import this_run
from litesmith.tflite import runtime
from litesmith.tflite.metadata import parse_metadata
from litesmith.tflite.slimming import unpack
from tests.litesmith.judging.cases import subject, thresholds
from tests.litesmith.make_tiny import TINY, images
from tests.litesmith.report.report_inputs import FINAL, report_inputs

DESCRIPTION = Description(name="left or right", license="CC0 1.0", source="https://example.org/sides")


def tiny_decision(model: bytes) -> Decision:
    """Return a decision to promote a model."""
    digest = hashlib.sha256(model).hexdigest()
    scores = (*([0] * 19), 20)
    return decide(subject(first=True), thresholds()).model_copy(
        update={
            "dataset": "sides",
            "candidate": JudgedFile(name=FINAL, sha256=digest, bytes=len(model), version=None),
            "scores": ScoreHistogram(
                bin_width=0.05,
                num_images=60,
                overall=(*([0] * 19), 60),
                by_class=(scores, scores, scores),
            ),
        }
    )


def tiny_release(precision: str = "int8") -> Release:
    """Return what a package of a tiny model is made from; results are those of an invented run."""
    path = TINY / f"{precision}.tflite"
    model, opened = path.read_bytes(), runtime.LiteModel(path)
    inputs = report_inputs()
    drawn, labels = images(90, seed=3)
    file = inputs.results.convert.files[FINAL]
    return Release(
        model=model,
        metadata=parse_metadata(TINY / f"{precision}.json"),
        golden=drawn[golden_rows(labels)],
        file=file.model_copy(update={"input": opened.input, "output": opened.output}),
        evaluated=inputs.results.evaluate,
        decision=tiny_decision(model).model_dump_json(indent=2).encode(),
        data=DESCRIPTION,
        provenance=PackageProvenance(
            dataset="sides",
            splits={"train": SplitSummary(num_images=90, per_class=(30, 30, 30), sha256="1" * 64)},
            train_digests=("1" * 32, "2" * 32),
            parameters={"convert": {"params": {"num_golden": 90}}},
            versions={
                "convert": {"ai-edge-litert": "2.3.0", "numpy": "2.4.6"},
                "prune": {"numpy": "2.4.6"},
            },
            inputs={"models/final.tflite": hashlib.sha256(model).hexdigest()},
        ),
        reference=this_run(inputs),
        card="# A card\n\n`models/final.tflite`\n",
    )


def make_tiny_package(folder: Path, **changes: Any) -> Path:
    """Write a package of a tiny model."""
    write_package(folder, replace(tiny_release(), **changes))
    return folder


def forge(package: Path, name: str, content: bytes) -> None:
    """Replace a file, and write sums and manifest anew, as somebody who knows how they are made would."""
    (package / name).write_bytes(content)
    manifest = json.loads((package / verify.MANIFEST).read_text())
    files = manifest["files"]
    files[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    listed = {each: verify.Listed(**entry) for each, entry in files.items()}
    sums = verify.sums(listed).encode()
    (package / verify.SUMS).write_bytes(sums)
    files[verify.SUMS] = {"sha256": hashlib.sha256(sums).hexdigest(), "bytes": len(sums)}
    if name == verify.MODEL:
        manifest["model_sha256"] = files[name]["sha256"]
    (package / verify.MANIFEST).write_text(json.dumps(manifest))
    if name == verify.MODEL:
        change_json(package, verify.FORM, sha256=files[name]["sha256"])


def change_json(package: Path, name: str, **values: Any) -> None:
    """Change values of a JSON file, and write sums and manifest anew."""
    content = json.loads((package / name).read_text())
    forge(package, name, json.dumps({**content, **values}).encode())


def change_manifest(package: Path, **values: Any) -> None:
    content = json.loads((package / verify.MANIFEST).read_text())
    (package / verify.MANIFEST).write_text(json.dumps({**content, **values}))


def list_file(package: Path, name: str, **entry: Any) -> None:
    """Let the manifest say something of a file."""
    files = json.loads((package / verify.MANIFEST).read_text())["files"]
    change_manifest(
        package, files={**files, name: {**files.get(name, {"sha256": "0" * 64, "bytes": 1}), **entry}}
    )


def change_golden(package: Path, **values: Any) -> None:
    """Change arrays of the golden images, and write sums and manifest anew."""
    with np.load(package / verify.GOLDEN) as arrays:
        content = {**arrays, **values}
    np.savez(package / verify.GOLDEN, **content)
    forge(package, verify.GOLDEN, (package / verify.GOLDEN).read_bytes())


def changed_model(change: Callable[[Any], None]) -> bytes:
    """Return the tiny model with its FlatBuffer changed."""
    content = (TINY / "int8.tflite").read_bytes()
    tree = unpack(content)
    change(tree)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def unknown_version(tree: Any) -> None:
    tree.operatorCodes[0].version = 999


def unknown_custom(tree: Any) -> None:
    code = tree.operatorCodes[0]
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode = "Mystery"


def other_scale(tree: Any) -> None:
    graph = tree.subgraphs[0]
    quantization = graph.tensors[graph.inputs[0]].quantization
    quantization.scale = quantization.scale * np.float32(2)
