"""The data sources of DVC: batches, which it keeps without a stage's command.

``dvc repro --single-item`` of a stage that reads them neither caches what is new nor records it.
"""

from pathlib import Path

from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo

from litesmith.data.batches import batch_paths
from litesmith.errors import MachineError
from tasks import catalog


def is_stale(project: Path, key: str) -> bool:
    """Tell whether DVC's record of a data set's batches is old.

    Raises:
        MachineError: DVC cannot work here.
    """
    folder = project / catalog.INCOMING / key
    versions = folder.with_name(f"{folder.name}.dvc")
    if (not batch_paths(folder) and not versions.is_file()) or not (project / ".dvc").is_dir():
        return False
    if not versions.is_file():
        return True
    try:
        with Repo(str(project)) as repo:
            return bool(repo.status(targets=[str(versions)]))
    except LockError:
        return True  # whoever records them waits
    except DvcException as error:
        raise MachineError(
            f"DVC cannot tell whether it has recorded {folder}: {error}. If {versions} is damaged, take "
            "the last committed one with `git checkout`."
        ) from error
