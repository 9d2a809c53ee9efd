import shutil
from pathlib import Path

import pytest
from PIL import Image

from litesmith.errors import ContractError, MachineError
from tasks import catalog
from tasks.sample import PICTURE, SAMPLE, make_sample


@pytest.fixture
def root(tmp_path: Path) -> Path:
    report = tmp_path / catalog.REPORT
    report.parent.mkdir()
    report.write_text(
        '<!DOCTYPE html><html lang="en"><title>t</title><body style="background:#0a0">A report</body></html>'
    )
    return tmp_path


def test_without_a_report_there_is_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"reports/report.html is missing. `dvc checkout` brings it"):
        make_sample(tmp_path)


def test_without_a_browser_the_copy_is_made_and_the_picture_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / PICTURE).parent.mkdir()
    (root / PICTURE).write_bytes(b"an older picture")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(MachineError, match="none of chromium, chromium-browser, google-chrome is installed"):
        make_sample(root)
    assert (root / SAMPLE).read_bytes() == (root / catalog.REPORT).read_bytes()
    assert (root / PICTURE).read_bytes() == b"an older picture"


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium: apt-get install chromium")
def test_the_picture_shows_the_first_screen(root: Path) -> None:
    make_sample(root)
    with Image.open(root / PICTURE) as picture:
        assert picture.size == (1280, 900)
        assert picture.convert("RGB").getpixel((1000, 800)) == (0, 170, 0)
    assert sorted(path.name for path in (root / PICTURE).parent.iterdir()) == [PICTURE.stem + ".html", PICTURE.name]
