"""Where the raw files come from."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Items, Section, about


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
    attempts: Annotated[int, about("Tries for each file at each address.", ge=1, le=20)]
    backoff_s: Annotated[
        float,
        about("Seconds before the second try, then doubled; a server may ask for more.", ge=0, le=60),
    ]
    timeout_s: Annotated[float, about("Seconds of silence after which a try has failed.", gt=0, le=3600)]
    synthetic_seed: Annotated[
        int,
        about("Decides the synthetic images, which so stay when `seed` changes.", ge=0, le=2**31 - 2),
    ]
