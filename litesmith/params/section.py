"""The base of all sections, and types that several share."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict
from pydantic.fields import FieldInfo

Item = TypeVar("Item")
Part = TypeVar("Part", bound="Section")
Bound = float | None


@dataclass(frozen=True)
class Indifferent:
    """Mark of a parameter or section that changes no result.

    Resuming and comparisons of runs ignore it.
    """


def about(
    meaning: str, *, ge: Bound = None, gt: Bound = None, le: Bound = None, lt: Bound = None
) -> FieldInfo:
    """Return pydantic's ``Field`` with a description, which errors and schemas show, and bounds."""
    return FieldInfo(description=meaning, ge=ge, gt=gt, le=le, lt=lt)


class Section(BaseModel):
    """Section of ``params.yaml``.

    It is frozen, has no defaults and refuses unknown keys and values of another type. It holds values
    and checks only: what derives a value that decides results belongs into a module that the step
    imports (`tasks.dag.closure`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def replace(self, **values: object) -> Self:
        """Return a copy with other values, checked.

        Raises:
            ValidationError: A field is unknown, or a value is out of its bounds.
        """
        fields = type(self).model_fields
        names = {name: field.alias or name for name, field in fields.items()}
        changed = {**dict(self), **values}
        return type(self).model_validate(
            {names.get(name, name): value for name, value in changed.items()}
        )

    def part(self, kind: type[Part]) -> Part:
        """Return the part of the section that a base class of it describes."""
        return kind.model_validate(self.model_dump(include=set(kind.model_fields), by_alias=True))

    def deciding(self) -> dict[str, Any]:
        """Return the values that decide results, as JSON can hold them."""
        return self.model_dump(mode="json", by_alias=True, exclude=self.indifferent())

    @classmethod
    def indifferent(cls) -> set[str]:
        """Return the names of the fields that change no result."""
        return {name for name, field in cls.model_fields.items() if Indifferent() in field.metadata}


# YAML has lists; a tuple can be neither changed nor left out of a hash.
Items = Annotated[tuple[Item, ...], Strict(False)]
Pair = Annotated[tuple[Item, Item], Strict(False)]

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Blocks = Annotated[int, Field(ge=0)]
Seed = Annotated[int, about("Every random choice of every step follows from it.", ge=0, le=2**31 - 1)]
Threads = Annotated[
    int, about("Threads of TensorFlow; another number gives other results.", ge=1, le=64)
]
ComputeDtype = Annotated[
    Literal["float32", "bfloat16"],
    about("What flows between layers in training. bfloat16 pays with AMX or AVX-512 BF16."),
]


def ascending(values: tuple[float, float]) -> tuple[float, float]:
    """Return a range, or raise `ValueError` if its bounds are swapped."""
    if values[0] > values[1]:
        raise ValueError(f"must be the lowest value, then the highest: write {sorted(values)}")
    return values


FractionRange = Annotated[Pair[Fraction], AfterValidator(ascending)]
