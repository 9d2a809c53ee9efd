"""The base of all sections, and types that several share."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

Kind = TypeVar("Kind")
Part = TypeVar("Part", bound="Section")


@dataclass(frozen=True)
class Indifferent:
    """Marks a parameter that changes no result, so that a killed run may go on with another value."""


class Section(BaseModel):
    """One section of ``params.yaml``: frozen, without defaults, refusing keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def into(self, kind: type[Kind]) -> Kind:
        """Return the library's dataclass whose fields the section has."""
        return TypeAdapter(kind).validate_python(self.model_dump())

    def part(self, kind: type[Part]) -> Part:
        """Return the fields that ``kind``, this section's type or one that it extends, has."""
        return kind.model_validate(self.model_dump(include=set(kind.model_fields), by_alias=True))

    def deciding(self) -> dict[str, Any]:
        """Return the values that decide results, as JSON can hold them."""
        indifferent = {
            name for name, field in type(self).model_fields.items() if Indifferent() in field.metadata
        }
        return self.model_dump(mode="json", by_alias=True, exclude=indifferent)


Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Blocks = Annotated[int, Field(ge=0)]
Seed = Annotated[
    int, Field(ge=0, le=2**31 - 1, description="Every random choice of every step follows from it.")
]
Threads = Annotated[
    int, Field(ge=1, le=64, description="Threads of TensorFlow; another number gives other results.")
]
ComputeDtype = Annotated[
    Literal["float32", "bfloat16"],
    Field(description="What flows between layers in training. bfloat16 pays with AMX or AVX-512 BF16."),
]


def ascending(values: list[float]) -> list[float]:
    """Return a range, or raise `ValueError` if its bounds are swapped."""
    if values != sorted(values):
        raise ValueError(f"must be the lowest value, then the highest: write {sorted(values)}")
    return values


FractionRange = Annotated[list[Fraction], Field(min_length=2, max_length=2), AfterValidator(ascending)]
