"""What each rule is called on a page, and its fix."""

from dataclasses import dataclass

from litesmith.wording import run_options

# In the place of the option that names the data set.
_DATA = "{data}"
_ACCEPT = 'let it in as it is with `python -m tasks accept BATCH --why "..."{data}`'
_NEW_NAME = "mend its files and add them under a new name with `python -m tasks add FOLDER{data}`"
_THRESHOLD = "in the section validate of params.yaml, of the data set's file or of the profile"


@dataclass(frozen=True)
class Told:
    """A rule in words.

    Attributes:
        title: What is wrong where it fails.
        passed: What is right where it holds.
        fix: What to do; `fix_of` completes its commands.
    """

    title: str
    passed: str
    fix: str

    def fix_of(self, data: str | None) -> str:
        """Return what to do in a data set; None is the project's own."""
        return self.fix.replace(_DATA, run_options(data))


TOLD = {
    "foreign_labels": Told(
        "Labels outside the classes",
        "every label is a class",
        "Correct these labels, or name their class in `classes` of the data set's file.",
    ),
    "empty_classes": Told(
        "A class without images",
        "every class has images",
        "Add images of the class, or take it out of `classes` of the data set's file.",
    ),
    "images_left_out": Told(
        "Too many images are left out",
        "hardly an image is left out",
        f"Mend or remove these images, or raise `max_left_out` {_THRESHOLD}.",
    ),
    "test_labels": Told(
        "The test labels do not fit their images",
        "the test labels fit as the train labels do",
        "Look whether images and labels of the test set are in the same order, and whether both sets "
        f"name the classes alike. If they are right, raise `max_test_doubts` {_THRESHOLD}.",
    ),
    "intensity_mean": Told(
        "Too dark or too bright",
        "the mean of the pixels is as written down",
        "Look whether ground and scale of the pixels are as before, or change `mean_range` "
        f"{_THRESHOLD}.",
    ),
    "intensity_std": Told(
        "Too little or too much contrast",
        "the spread of the pixels is as written down",
        f"Look whether the pixels are scaled as before, or change `std_range` {_THRESHOLD}.",
    ),
    "rare_classes": Told(
        "A class is too rare",
        "no class is too rare",
        f"Add images of the class, or change `class_shares` {_THRESHOLD}.",
    ),
    "frequent_classes": Told(
        "A class is too frequent",
        "no class is too frequent",
        f"Add images of the other classes, or change `class_shares` {_THRESHOLD}.",
    ),
    "test_drift": Told(
        "Test images are unlike the train images",
        "the test images are like the train images",
        "Nothing has to be done: accuracies on test then tell less of images like the train images.",
    ),
    "test_label_loss": Told(
        "Test labels surprise more than train labels",
        "test labels surprise no more than train labels",
        "Look at the test labels that the report calls doubtful.",
    ),
    "alike_images": Told(
        "Many images are alike",
        "few images are alike",
        "Give groups, so that what belongs together shares a split.",
    ),
    "label_noise": Told(
        "Labels do not fit",
        "the labels fit",
        "Look at the images that the report calls mislabelled, and correct them.",
    ),
    "usable_images": Told(
        "A batch without a usable image",
        "every batch has usable images",
        f"Leave it out, or {_NEW_NAME}.",
    ),
    "drift": Told(
        "A batch is unlike the accepted images",
        "batches are like the accepted images",
        f"If camera or light are new and right, {_ACCEPT}; else {_NEW_NAME}.",
    ),
    "class_mix": Told(
        "A batch has other classes than accepted images",
        "batches have the classes of the accepted images",
        f"If the mix is meant, {_ACCEPT}; else {_NEW_NAME}.",
    ),
    "missing_class": Told(
        "A class is missing or rare in a batch",
        "no class is missing in a batch",
        f"If that is meant, {_ACCEPT}; else {_NEW_NAME}.",
    ),
    "label_loss": Told(
        "Labels of a batch surprise",
        "labels of batches surprise no more than accepted ones",
        f"Look at the labels below and {_NEW_NAME}. If they are right, {_ACCEPT}.",
    ),
    "label_doubts": Told(
        "Labels of a batch do not fit",
        "labels of batches fit",
        f"Look at the labels below and {_NEW_NAME}. If they are right, {_ACCEPT}.",
    ),
    "label_range": Told(
        "Images whose label is no class",
        "no image of another class",
        "They are left out. Correct the labels and add the images in a new batch.",
    ),
    "constant_images": Told(
        "Images of a single colour", "no image of a single colour", "They are left out. Take them anew."
    ),
    "near_empty_images": Told(
        "Images with hardly anything on them",
        "something is on every image",
        f"They are left out. Take them anew, or lower `min_ink_share` {_THRESHOLD}.",
    ),
    "known_images": Told(
        "Images that are there already",
        "no image comes twice",
        "They are left out, the first of each stays. Nothing has to be done.",
    ),
    "conflicting_labels": Told(
        "One image under two labels",
        "no image has two labels",
        "They are left out. Decide which label is right, and remove the other image.",
    ),
    "split_groups": Told(
        "Images whose group is in another split",
        "no group is in two splits",
        "They are left out. Put images that belong together into one group.",
    ),
    "near_copies": Told(
        "Near-copies in another split",
        "no near-copy is in another split",
        "They are left out, the other of each pair stays. Give both one group to keep both.",
    ),
}
"""By the name of the rule."""
