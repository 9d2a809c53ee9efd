import math

import numpy as np
import pytest

from litesmith.data.synthetic.outlines import Piece, Placement, box, disc, mirrored, rasterize, symmetric

AS_IT_IS = Placement(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.zeros(2))


def test_a_box_fills_its_pixels_whatever_the_shape_of_the_image() -> None:
    image = rasterize([Piece(box(0.25, 0.5, 0.75, 1.0))], 8, 16, AS_IT_IS)
    assert image.shape == (8, 16)
    assert image.dtype == np.uint8
    assert (image[5:, 5:12] == 255).all()
    assert (image[:4] == 0).all()
    assert (image[:, :3] == 0).all()


def test_later_pieces_cover_earlier_ones() -> None:
    image = rasterize([Piece(box(0, 0, 1, 1), 200), Piece(box(0, 0, 0.5, 1), 50)], 8, 8, AS_IT_IS)
    assert (image[1, 1], image[1, 6]) == (50, 200)


def test_a_disc_is_round() -> None:
    image = rasterize([Piece(disc(0.4))], 64, 64, AS_IT_IS)
    assert image.mean() / 255 == pytest.approx(math.pi * 0.4**2, rel=0.05)
    assert all(math.dist(point, (0.5, 0.5)) == pytest.approx(0.4) for point in disc(0.4))


def test_a_placement_scales_and_shifts_about_the_middle() -> None:
    place = Placement(np.array([0.5, 0.0]), np.array([0.0, 0.5]), np.array([0.25, 0.0]))
    image = rasterize([Piece(box(0, 0, 1, 1))], 16, 16, place)
    rows, columns = np.nonzero(image > 127)
    assert rows.min() == pytest.approx(4, abs=1)
    assert rows.max() == pytest.approx(11, abs=1)
    assert columns.min() == pytest.approx(8, abs=1)


def test_outlines_are_closed_and_turned_over() -> None:
    assert symmetric([(0.5, 0.0), (0.75, 1.0)]) == [(0.5, 0.0), (0.75, 1.0), (0.25, 1.0), (0.5, 0.0)]
    assert mirrored([(0.25, 0.1), (1.0, 0.2)]) == [(0.75, 0.1), (0.0, 0.2)]
