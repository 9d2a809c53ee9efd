import shutil
from pathlib import Path

import pytest

from tests.litesmith.release.packages import make_tiny_package


@pytest.fixture(scope="session")
def built_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a package that nobody changes."""
    return make_tiny_package(tmp_path_factory.mktemp("built") / "package")


@pytest.fixture
def package(built_package: Path, tmp_path: Path) -> Path:
    """Return a package of the test's own."""
    return Path(shutil.copytree(built_package, tmp_path / "package"))
