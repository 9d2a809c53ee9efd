"""What the data set is called and holds."""

from typing import Annotated

from pydantic import AfterValidator, Field

from litesmith.params.section import Count, Items, Section, about


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


class DatasetParams(Section):
    """What the data set is called and holds."""

    name: str
    synthetic: Annotated[bool, about("True marks every page as made from synthetic images.")]
    class_names: Annotated[
        Items[str], Field(min_length=2, max_length=256), AfterValidator(distinct_names)
    ]
    num_train: Annotated[Count, about("Images in the official training files.")]
    num_test: Annotated[Count, about("Images in the official test files.")]
    height: Count
    width: Count

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)
