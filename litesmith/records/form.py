"""The form of a data set's images, which every later step follows."""

from typing import Annotated, Literal

from litesmith.params.section import about
from litesmith.params.sections.dataset import ClassNames, Fit, Ground
from litesmith.records.record import Count, Record

# Grey levels behind the things, by what a data set calls its ground.
FILLS: dict[Ground, int] = {"dark": 0, "light": 255, "any": 128}


class DataForm(Record):
    """What the images look like, and what their classes are called."""

    class_names: Annotated[ClassNames, about("In the order of the labels.")]
    height: Count
    width: Count
    channels: Annotated[Literal[1, 3], about("1 for grey, 3 for colour.")]
    fit: Annotated[Fit, about("How a picture of another size comes to this one.")]
    ground: Annotated[Ground, about("Behind the things.")]
    mirror_safe: Annotated[bool, about("Whether a mirror image is of the same class.")]

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def fill(self) -> int:
        """Grey level of a margin, 0 to 255."""
        return FILLS[self.ground]
