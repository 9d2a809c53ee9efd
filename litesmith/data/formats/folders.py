"""A folder for each class, as torchvision's ``ImageFolder`` and Keras have it.

Below a class's folder pictures may lie in further folders. Folders ``train`` and ``test`` may lie around
those of classes; what is in ``val``, ``valid`` or ``validation`` counts as training images.
"""

from litesmith.data.formats.labelled import Sample, Unreadable, class_name, count_noun
from litesmith.data.formats.layout import PARTS, Layout, is_validation
from litesmith.data.formats.listing import Format, Listing, PictureFiles, left_out_note


def _matches(layout: Layout) -> bool:
    return bool(layout.folders) and not layout.tables


def _listing(layout: Layout) -> Listing:
    parts = layout.part_folders()
    samples, outside, nested = [], [], 0
    for name in layout.pictures:
        folder, _, rest = name.partition("/")
        given = PARTS[folder.casefold()] if folder in parts else ""
        path = rest if given else name
        label = class_name(path.partition("/")[0]) if "/" in path else ""
        if label:
            samples.append(Sample(layout.full(name), label, given=given))
            nested += path.count("/") > 1
        else:
            reason = "lies in no class's folder, so nothing says its label. Move it into one."
            outside.append(Unreadable(layout.full(name), reason))
    notes = [f"pictures in {part}/ count as training images" for part in parts if is_validation(part)]
    if nested:
        notes.append(
            f"{count_noun(nested, 'picture')} in folders below a class's own count to the class"
        )
    pixels = PictureFiles(layout.tree, [sample.file for sample in samples])
    return Listing(tuple(samples), pixels, tuple(outside), (*notes, *left_out_note(layout)))


FOLDERS = Format("folders", "a folder for each class with its pictures in it", _matches, _listing)
