"""Where the raw files come from."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Items, Section


class RawFile(Section):
    """One of the four IDX files of a data set, as published."""

    name: str
    md5: Annotated[
        str | None, Field(pattern=r"^[0-9a-f]{32}$", description="The published MD5, 32 hex digits.")
    ]
    size_bytes: Annotated[int | None, Field(ge=1)]


class RawFiles(Section):
    """The four IDX files of a data set."""

    train_images: RawFile
    train_labels: RawFile
    test_images: RawFile
    test_labels: RawFile


class FetchParams(Section):
    """Sources of the raw files, in the order they are tried."""

    sources: Annotated[
        Items[str],
        Field(
            min_length=1,
            description="Each is 'env:NAME' (what it names is tried alone), a folder, an http(s) "
            "address, or 'synthetic'.",
        ),
    ]
    files: RawFiles
    attempts: Annotated[int, Field(ge=1, le=20, description="Tries for each file at each address.")]
    backoff_s: Annotated[
        float,
        Field(
            ge=0,
            le=60,
            description="Seconds before the second try, doubled for each after; a server may ask for more.",
        ),
    ]
    timeout_s: Annotated[
        float, Field(gt=0, le=3600, description="Seconds of silence after which a try has failed.")
    ]
    synthetic_seed: Annotated[
        int,
        Field(
            ge=0,
            le=2**31 - 2,
            description="Decides the synthetic images, which so stay when `seed` changes.",
        ),
    ]
