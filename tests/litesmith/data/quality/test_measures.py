import numpy as np
import pytest

from litesmith.data.quality.measures import chunks, measure, measure_names
from tests.litesmith.data.quality.sets import form


def test_measures_of_a_grey_image() -> None:
    images = np.zeros((2, 4, 4, 1), np.uint8)
    images[0, 1, 3, 0] = 255
    images[0, 0, 0, 0] = 10  # too dark to be ink
    measures = measure(images, form(height=4, width=4))
    assert measures.names == measure_names(1)
    values = {name: float(value) for name, value in zip(measures.names, measures.values[0], strict=True)}
    assert values["brightness"] == pytest.approx(265 / 16 / 255)
    assert values["ink share"] == pytest.approx(1 / 16)
    assert values["centre from left to right"] == pytest.approx(3.5 / 4 - 0.5)
    assert values["centre from top to bottom"] == pytest.approx(1.5 / 4 - 0.5)
    assert values["width of what is shown"] == pytest.approx(0, abs=1e-3)
    assert measures.extent.tolist() == [255, 0]
    assert np.isfinite(measures.values).all()
    assert measures.column("ink share").tolist() == pytest.approx([1 / 16, 0])


@pytest.mark.parametrize(("ground", "expected"), [("dark", 1.0), ("light", 0.0), ("any", 0.0)])
def test_ink_is_what_differs_from_the_ground(ground: str, expected: float) -> None:
    white = np.full((1, 5, 5, 1), 250, np.uint8)
    assert measure(white, form(height=5, width=5, ground=ground)).column("ink share")[0] == expected


def test_noise_is_rough_and_a_slope_is_smooth() -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (16, 16, 1), dtype=np.uint8)
    slope = np.broadcast_to(np.arange(0, 240, 15, dtype=np.uint8)[:, None, None], (16, 16, 1))
    measures = measure(np.stack([noise, slope]), form())
    across, down = (
        measures.column(f"roughness from {way}") for way in ("left to right", "top to bottom")
    )
    assert 0.8 < across[0] < 1.2 and 0.8 < down[0] < 1.2
    assert across[1] == 0 and 0 < down[1] < 0.1


def test_colours_are_measured() -> None:
    images = np.zeros((1, 6, 6, 3), np.uint8)
    images[..., 0] = 255
    measures = measure(images, form(height=6, width=6, channels=3))
    assert len(measures.names) == len(measure_names(1)) + 3
    assert measures.column("saturation")[0] == 1
    assert measures.column("red against green")[0] == 1
    assert measures.column("blue against green")[0] == 0
    # One tone is no contrast, whatever its channels hold.
    assert measures.extent[0] == 0


def test_chunks_cover_all_rows_once() -> None:
    parts = list(chunks(10, 1_500_000))
    assert [(part.start, part.stop) for part in parts] == [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]
    assert list(chunks(0, 5)) == []


def test_chunks_change_nothing() -> None:
    rng = np.random.default_rng(2)
    images = rng.integers(0, 256, (3000, 40, 40, 1), dtype=np.uint8)
    shape = form(height=40, width=40)
    whole = measure(images, shape)
    np.testing.assert_array_equal(whole.values[2900:], measure(images[2900:], shape).values)
