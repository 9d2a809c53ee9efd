"""Checks of the registered names in parameters."""

from collections.abc import Iterable, Iterator, Mapping

from litesmith.compression.variants import registry as variants
from litesmith.device import registry as measurements
from litesmith.errors import ParamsError, did_you_mean
from litesmith.params.everything import Params
from litesmith.params.explain import renamed
from litesmith.tflite.precisions import registry as precisions


def require_registered(params: Params) -> None:
    """Check that the names in parameters are registered.

    Raises:
        ParamsError: Every wrong name, one a line, with those that are known.
    """
    convert, known = params.convert, [precision.name for precision in precisions.PRECISIONS]
    finals = [precision.name for precision in precisions.PRECISIONS if precision.may_be_final]
    wrong = [
        *_unknown("convert.candidates", convert.candidates, finals),
        *_wrong_keys("convert.golden_tolerance", convert.golden_tolerance, known),
        *_wrong_keys("convert.min_agreement", convert.min_agreement, known),
        *_unknown(
            "quantize.variants", params.quantize.variants, [entry.name for entry in variants.VARIANTS]
        ),
        *_unknown(
            "evaluate.measure",
            params.evaluate.measure,
            [tool.name for tool in measurements.MEASUREMENTS],
        ),
        *_repeated_units(params),
        *_mirrored_alone(params),
    ]
    if wrong:
        raise ParamsError("\n".join(sorted(wrong)))


def _unknown(key: str, names: Iterable[str], known: list[str]) -> Iterator[str]:
    """Name each word of a list that is not registered."""
    for row, name in enumerate(names):
        if name not in known:
            meant = renamed(f"{key}.{name}") or did_you_mean(name, known)
            yield f"{key}.{row} should be {_listed(known)}, got {name!r}.{meant}"


def _wrong_keys(key: str, values: Mapping[str, float], known: list[str]) -> Iterator[str]:
    """Name each key that is not registered, and each that is missing."""
    for name in values:
        if name not in known:
            meant = did_you_mean(name, {other: f"{key}.{other}" for other in known})
            yield f"{key}.{name} is not a parameter.{meant} Known here: {', '.join(known)}."
    for name in known:
        if name not in values:
            yield f"{key}.{name} is missing. Add it to params.yaml."


def _repeated_units(params: Params) -> Iterator[str]:
    """Name the variants that need units that run once."""
    single = [
        variant.name
        for variant in variants.VARIANTS
        if variant.needs_single_runs and variant.name in params.quantize.variants
    ]
    repeats = params.sweep.space.repeats
    if single and max(repeats) > 1:
        yield (
            f"quantize.variants has {' and '.join(single)}, and sweep.space.repeats has {list(repeats)}"
            ": TF-MOT cannot wrap a network whose units run more than once for quantization-aware "
            "training. Leave the former out, or let the latter be [1]."
        )


def _mirrored_alone(params: Params) -> Iterator[str]:
    """Name mirroring variants that are asked for alone and not allowed."""
    names = params.quantize.variants
    known = {variant.name for variant in variants.VARIANTS}
    if params.dataset.mirror_safe or not names or not known.issuperset(names):
        return
    if variants.mirroring(names) == names:
        yield (
            f"quantize.variants asks for {' and '.join(names)} alone, and mirror images of "
            f"{params.dataset.name} may be of another class (mirror_safe: false), so that none is left. "
            "Add another variant, or leave the list empty."
        )


def _listed(words: list[str]) -> str:
    """Return words as a list in a sentence, as pydantic writes them."""
    quoted = [repr(word) for word in words]
    return " or ".join(part for part in (", ".join(quoted[:-1]), quoted[-1]) if part)
