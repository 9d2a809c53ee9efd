"""The data: what validation found, how many images of each class there are, which deserve a look."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litesmith.documents.formats import NONE
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent, first_absent, plain

_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True)
class Column:
    """A published file or a split, with its number of images of each class."""

    name: str
    kind: str
    counts: tuple[Any, ...]

    def share(self, row: int) -> float:
        """Return the class's share of the column's largest class, 0 to 1, for a bar; 0 where it is not known."""
        known = [count for count in self.counts if isinstance(count, int)]
        count = self.counts[row]
        return count / max(known) if isinstance(count, int) and max(known, default=0) else 0.0


@dataclass(frozen=True)
class Oddity:
    """An image that deserves a look: where it stands, why, and its picture as a data address."""

    place: str
    name: Any
    reason: Any
    source: str | Absent


def shown(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    pictures = records["validate"]["thumbnails"]
    return {
        "words": words,
        "rules": broken_first(list(records["validate"]["rules"])),
        "class_columns": class_columns(records, len(inputs.class_names)),
        "class_pictures": class_pictures(pictures, len(inputs.class_names)),
        "oddities": oddities(pictures),
    }


def class_columns(records: Records, num_classes: int) -> list[Column]:
    """Return the published files, then the splits, each with its number of images by class."""
    found = [(name, "file", file) for name, file in records["validate"]["files"].items()]
    found += [(name, "split", split) for name, split in records["prepare"]["splits"].items()]
    return [
        Column(name, kind, tuple(one["per_class"][row] for row in range(num_classes)))
        for name, kind, one in found
    ]


def class_pictures(pictures: Any, num_classes: int) -> list[str | Absent]:
    """Return for each class the address of its picture, the first that is recorded for its label."""
    found: dict[int, str | Absent] = {}
    for one in pictures["classes"]:
        label = plain(one["label"], None)
        if label is not None:
            found.setdefault(label, address(one["image"]))
    none = first_absent(pictures, pictures["classes"])
    return [
        found.get(label, none or Absent("no picture of the class is recorded"))
        for label in range(num_classes)
    ]


def oddities(pictures: Any) -> list[Oddity] | Absent:
    """Return the images that validation picked out, in its order."""
    recorded = pictures["suspicious"]
    if isinstance(recorded, Absent):
        return recorded
    return [
        Oddity(f"{one['file']} {one['row']}", one.optional("name"), one["reason"], address(one["image"]))
        for one in recorded
    ]


def address(encoded: Any) -> str | Absent:
    """Return a PNG in Base64 as a data address, absent if it is not Base64."""
    text = plain(encoded, "")
    if isinstance(encoded, Absent):
        return encoded
    if not isinstance(text, str) or not _BASE64.fullmatch(text):
        return Absent("the recorded picture is not in Base64")
    return f"data:image/png;base64,{text}"


def words(value: Any) -> Any:
    """Write what a rule expected or observed, whatever its shape, in words."""
    if isinstance(value, Absent):
        return value
    content = plain(value, NONE)
    if isinstance(content, dict):
        return ", ".join(f"{key} {words(item)}" for key, item in content.items())
    if isinstance(content, list):
        return ", ".join(str(words(item)) for item in content)
    return f"{content:.6g}" if isinstance(content, float) else str(content)


def broken_first(rules: Sequence[Any]) -> list[Any]:
    """Return the rules of a validation with the broken ones before the others."""
    return sorted(rules, key=lambda rule: rule["success"] is not False)
