"""What ``datasets/NAME.yaml`` says of a data set."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from litesmith.params.section import Count, Fraction, Items, Section, about
from litesmith.params.synthetic import SyntheticBase

Ground = Literal["dark", "light", "any"]
Fit = Literal["pad", "crop", "stretch"]


def distinct_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return class names that can be shown and told apart.

    Raises:
        ValueError: One is blank, breaks out of its line or stands twice.
    """
    for name in names:
        if not name.strip() or not name.isprintable():
            raise ValueError(f"must hold names that can be shown, and one is {name!r}")
        if names.count(name) > 1:
            raise ValueError(
                f"must name each class once, and {name!r} stands there {names.count(name)} times"
            )
    return names


ClassNames = Annotated[Items[str], Field(min_length=2, max_length=256), AfterValidator(distinct_names)]


class PublishedFile(Section):
    """A file of a published data set."""

    name: Annotated[str, Field(pattern=r"^[^./\\\\][^/\\\\]*$", description="A name without a folder.")]
    md5: Annotated[
        str, Field(pattern=r"^[0-9a-f]{32}$", description="The published MD5, 32 hex digits.")
    ]
    size_bytes: Count


class PublishedBase(Section):
    """A data set that others publish, as files of known sums.

    The sources are tried in their order, unless the variable of an ``env:`` line is set: then what it
    names is the only one.
    """

    kind: Literal["published"]
    sources: Annotated[
        Items[str],
        Field(
            min_length=1,
            description="Each is 'env:NAME' (what it names is tried alone), a folder, or an http(s) "
            "address.",
        ),
    ]
    files: Annotated[Items[PublishedFile], Field(min_length=1)]


class FolderBase(Section):
    """Labelled images that lie in a folder or archive here."""

    kind: Literal["folder"]
    path: Annotated[
        str,
        Field(min_length=1, description="A folder, or a .zip or .npz file, as seen from the project."),
    ]


Base = Annotated[PublishedBase | SyntheticBase | FolderBase, Field(discriminator="kind")]


class Keyed(Section):
    """What a data set's file is called, without its suffix."""

    key: str


class Named(Section):
    """What a data set is called."""

    name: Annotated[str, Field(min_length=1, max_length=100)]


class Description(Named):
    """What a model card says of a data set."""

    license: Annotated[str | None, about("Null if it is not stated.")]
    source: Annotated[str | None, about("A page about the data; null for none.")]


class ImageForm(Section):
    """The form that every picture is brought to."""

    height: Annotated[int, about("Pixels.", ge=4, le=512)]
    width: Annotated[int, about("Pixels.", ge=4, le=512)]
    channels: Annotated[Literal[1, 3], about("1 for grey, 3 for colour.")]
    fit: Annotated[Fit, about("How a picture of another size comes to this one.")]
    ground: Annotated[
        Ground, about("Behind the things: decides what fills a margin and what is inverted.")
    ]


class ClassedForm(ImageForm):
    """The form of the images, and their classes."""

    classes: Annotated[
        ClassNames | None, about("In the order of the labels; null takes the sorted names of the base.")
    ]


class Origin(Named, ClassedForm):
    """Where the base of a data set comes from.

    Synthetic images are drawn in the form.
    """

    base: Annotated[Base | None, about("What is there before any batch; null for nothing.")]

    @property
    def synthetic(self) -> bool:
        """Whether the images are synthetic, which marks every page."""
        return isinstance(self.base, SyntheticBase)

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        if isinstance(self.base, SyntheticBase):
            if self.classes is None:
                raise ValueError("classes must be named for synthetic images, got null.")
            misfits = self.base.misfits(len(self.classes), self.height, self.width)
            if misfits:
                raise ValueError("\n".join(misfits))
        return self


class Shares(Section):
    """Shares of the images that are held back from training."""

    test: Annotated[Fraction, about("Opened by the evaluation alone; a given test set replaces it.")]
    validation: Annotated[float, about("Chooses hyperparameters and files.", gt=0, lt=1)]
    gate: Annotated[float, about("Decides on promotion.", gt=0, lt=1)]

    @model_validator(mode="after")
    def _leave_some(self) -> Self:
        held_back = self.test + self.validation + self.gate
        if held_back >= 1:
            raise ValueError(f"hold back {held_back:g} of the images: leave some to learn from")
        return self


class LabelledForm(ClassedForm):
    """The form of the images and classes, and whether images may be flipped."""

    mirror_safe: Annotated[
        bool, about("Whether a mirror image is of the same class; false turns every flip off.")
    ]


class Division(Section):
    """How images are divided into splits."""

    shares: Shares
    min_per_class: Annotated[Count, about("Images of each class in each split, at least.")]
    split_seed: Annotated[
        int, about("Decides, with its pixels, the split of an image.", ge=0, le=2**31 - 1)
    ]


class DividedOrigin(Origin, Division):
    """Where a data set comes from, and how it is divided."""


class DatasetParams(Origin, Description, LabelledForm, Division):
    """What ``datasets/NAME.yaml`` holds."""

    thresholds: Annotated[
        dict[str, JsonValue] | None, about("Laid over `validate` of params.yaml; null for none.")
    ]
    sweep: Annotated[
        dict[str, JsonValue] | None, about("Laid over `sweep` of params.yaml; null for none.")
    ]


class KeyedForm(LabelledForm, Keyed):
    """The form of a data set whose file has a name."""


class KeyedOrigin(Origin, Keyed):
    """Where a data set comes from whose file has a name."""


class KeyedDivision(Division, Keyed):
    """The division of a data set, which names its file in errors."""


class KeyedDescription(Description, Keyed):
    """What a model card says of a data set whose file has a name."""


class Dataset(DatasetParams, KeyedForm, KeyedOrigin, KeyedDivision, KeyedDescription):
    """A data set, and the name of its file."""
