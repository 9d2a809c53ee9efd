import numpy as np
import pytest

from litesmith.data.synthetic.grounds import draw_grounds


@pytest.mark.parametrize(("ground", "value"), [("dark", 0), ("light", 1)])
def test_plain_grounds_are_of_one_tone(ground: str, value: int) -> None:
    grounds = draw_grounds(ground, (2, 8, 12, 3), np.random.default_rng(1))
    assert grounds.shape == (2, 8, 12, 3)
    assert grounds.dtype == np.float32
    assert (grounds == value).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_textures_are_smooth_differ_and_stay_within_bounds(channels: int) -> None:
    grounds = draw_grounds("any", (50, 32, 48, channels), np.random.default_rng(1))
    assert grounds.shape == (50, 32, 48, channels)
    assert grounds.dtype == np.float32
    assert 0 <= grounds.min() < 0.2 < 0.8 < grounds.max() <= 1
    # A texture varies more over the image than from pixel to pixel.
    assert abs(np.diff(grounds, axis=2)).mean() * 3 < grounds.std(axis=(1, 2)).mean()
    assert np.ptp(grounds, axis=(1, 2)).min() > 0.05
    if channels == 3:
        assert np.ptp(grounds.mean(axis=(1, 2)), axis=1).mean() > 0.05
