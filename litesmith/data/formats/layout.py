"""What lies where in a source, as formats are told from it."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from litesmith.data.formats.tree import Tree
from litesmith.errors import DataError

# Folders of parts, in lower case, and what the images in them are given as.
PARTS = {
    "train": "train",
    "training": "train",
    "val": "train",
    "valid": "train",
    "validation": "train",
    "test": "test",
    "testing": "test",
}
_VALIDATION = {"val", "valid", "validation"}
TABLE_NAME = "metadata.csv"
IDX_NAME = re.compile(
    r"(?P<set>.+-)?(?P<part>train|t10k|test)-(?P<role>images|labels)[-.]idx[134]-ubyte(?:\.gz)?",
    re.ASCII,
)
# Texts and the like that lie beside pictures and are none.
_ASIDE = re.compile(
    r"cfg|csv|docx?|dvc|html?|ini|ipynb|jsonl?|log|mat|md|md5|npy|part|pdf|py|rst|sha256|toml|tsv|txt|xlsx?"
    r"|xml|ya?ml",
    re.IGNORECASE,
)
_ASIDE_NAMES = {"license", "licence", "readme", "copying", "authors", "notice"}


@dataclass(frozen=True)
class Layout:
    """The files of a source below its outermost folder.

    Attributes:
        tree: The source.
        root: The folder, with a slash at its end; empty if the source has none around everything.
    """

    tree: Tree
    root: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Paths of all files from the root."""
        return tuple(name.removeprefix(self.root) for name in self.tree.files)

    @cached_property
    def pictures(self) -> tuple[str, ...]:
        """Paths from the root of all files that may be pictures."""
        return tuple(name for name in self.names if _may_be_picture(name))

    @cached_property
    def folders(self) -> Mapping[str, tuple[str, ...]]:
        """Pictures in and below each folder of the root, as paths from that folder."""
        below = defaultdict(list)
        for name in self.pictures:
            folder, slash, rest = name.partition("/")
            if slash:
                below[folder].append(rest)
        return {folder: tuple(names) for folder, names in below.items()}

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Paths of the tables at the root or in folders of parts."""
        return tuple(name for name in self.names if _is_table(name))

    @cached_property
    def archives(self) -> tuple[str, ...]:
        """Names of ``.npz`` files at the root."""
        return tuple(name for name in self.names if "/" not in name and name.casefold().endswith(".npz"))

    @cached_property
    def idx_files(self) -> tuple[str, ...]:
        """Names of IDX files at the root."""
        return tuple(name for name in self.names if IDX_NAME.fullmatch(name))

    def full(self, name: str) -> str:
        """Return a path from the root as one within the source."""
        return f"{self.root}{name}"

    def where(self, name: str) -> str:
        """Return what a file is called in messages."""
        return self.tree.where(self.full(name))

    def part_folders(self) -> tuple[str, ...]:
        """Return the folders ``train``, ``test`` and the like, if classes lie below them.

        Raises:
            DataError: They lie beside folders of classes, or hold pictures of no class.
        """
        named = [folder for folder in self.folders if folder.casefold() in PARTS]
        nested = [folder for folder in named if any("/" in name for name in self.folders[folder])]
        others = sorted(set(self.folders).difference(named))
        if nested and others:
            raise DataError(
                f"{self.tree.path} holds {nested[0]}/ with folders below it and {others[0]}/ beside it: "
                "are they parts or classes? Expected train/ and test/ alone, with a folder for each "
                "class in them, or folders of classes alone. Move or rename them."
            )
        if named and not nested and not others:
            raise DataError(
                f"{self.tree.path} holds pictures in {named[0]}/ itself, so nothing says their class. "
                f"Expected a folder for each class below it, or a table {named[0]}/{TABLE_NAME}."
            )
        return tuple(nested)


def is_validation(folder: str) -> bool:
    """Return whether a folder holds a validation set, which counts to the training images."""
    return folder.casefold() in _VALIDATION


def find_layout(tree: Tree) -> Layout:
    """Return the layout of a source below the folders that enclose everything."""
    root = ""
    while True:
        layout = Layout(tree, root)
        inner = _enclosing(layout)
        if not inner:
            return layout
        root = f"{root}{inner}/"


def _enclosing(layout: Layout) -> str:
    """Return the one folder around everything that is no class, or nothing."""
    telling = [name for name in layout.names if _tells(name)]
    tops = {name.partition("/")[0] for name in telling}
    if len(tops) != 1 or "/" not in telling[0]:
        return ""
    (top,) = tops
    if top.casefold() in PARTS:
        return ""
    direct = [name.partition("/")[2] for name in telling if name.count("/") == 1]
    return top if not direct or any(map(_is_format, direct)) else ""


def _tells(name: str) -> bool:
    """Return whether a file may hold samples or say what they are."""
    return _may_be_picture(name) or _is_format(PurePosixPath(name).name)


def _is_format(name: str) -> bool:
    return bool(
        name.casefold() == TABLE_NAME or name.casefold().endswith(".npz") or IDX_NAME.fullmatch(name)
    )


def _is_table(name: str) -> bool:
    folder, _, last = name.rpartition("/")
    return last.casefold() == TABLE_NAME and (not folder or folder.casefold() in PARTS)


def _may_be_picture(name: str) -> bool:
    path = PurePosixPath(name)
    aside = _ASIDE.fullmatch(path.suffix[1:]) is not None or path.name.casefold() in _ASIDE_NAMES
    return not aside and not _is_format(path.name)
