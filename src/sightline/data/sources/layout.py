"""How a tree of images is laid out: which folders are splits, and what speaks against taking it as it stands."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sightline.data.formats import SUFFIXES
from sightline.data.sources.listing import Listing, folders_in, images_below, images_in
from sightline.data.sources.remarks import counted, folders
from sightline.data.sources.source import ROLE_WORDS
from sightline.errors import UsageError

RoleFolder = tuple[str | None, str]
"""A role and the folder under the root that holds its class folders; `(None, "")` where there are no roles."""

_WORDS: Final = re.compile(r"[^a-z]+|(?<=train)(?=set)|(?<=test)(?=set)")


def role_folders(root: Path, names: Sequence[str]) -> list[RoleFolder]:
    """The folders of splits under `root`, whose folders are `names`.

    A class may be called `train` (beside `bus` and `car`), so the word alone does not decide.

    Raises:
        UsageError: there are splits without train, or nobody can tell splits from classes.
    """
    named = [(ROLE_WORDS[name.lower()], name) for name in names if name.lower() in ROLE_WORDS]
    others = [name for name in names if name.lower() not in ROLE_WORDS]
    train = [name for role, name in named if role == "train"]
    if not named or (others and len(named) == 1 and not any(_holds_classes(root / name) for name in train)):
        _refuse_unknown_words(root, names)
        return [(None, "")]
    if not train:
        raise UsageError(f"data.root={root} holds {folders([name for _, name in named])} but no train/")
    if len(named) == 1 and (filled := [name for name in others if images_below(str(root / name)).images]):
        raise UsageError(
            f"data.root={root} holds {train[0]}/ with folders inside, beside {folders(filled)}: splits or classes?\n"
            "Move the others away, rename a class that is called train, or list the items in a table (data=csv)"
        )
    return list(named)


def splits_within_classes(root: Path, class_names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Classes that look like whole data sets, with the folders in them: the root is then a folder too high."""
    inside = {name: folders_in(str(root / name)) for name in class_names if (root / name).is_dir()}
    return [
        (name, found)
        for name, found in inside.items()
        if {ROLE_WORDS.get(word.lower()) for word in found} >= {"train", "test"}
    ]


def refuse_too_few(root: Path, class_names: Sequence[str], beside: Sequence[str], listing: Listing) -> None:
    """A classifier needs two classes; say what was looked for, and where the real root may be.

    Args:
        root: of the tree.
        class_names: those that have images.
        beside: images that lie where class folders are looked for.
        listing: of all that lies below the class folders.

    Raises:
        UsageError: there are fewer.
    """
    if len(class_names) > 1:
        return
    if not class_names:
        raise UsageError(f"data.root={root} holds {_nothing(root, beside)}{_table(root)}{_passed_over(listing)}")
    only = class_names[0]
    inside = folders_in(str(root / only)) if (root / only).is_dir() else []
    hint = f"; it holds {folders(inside)}: did you mean data.root={root / only}?" if len(inside) > 1 else ""
    where = f"; {counted(len(beside), 'image')} beside its folder ({beside[0]}) have no class" if beside else ""
    hint = hint or _table(root)
    raise UsageError(
        f"data.root={root} holds one class only, {only!r}, and two are needed{hint or where}{_passed_over(listing)}"
    )


def _nothing(root: Path, beside: Sequence[str]) -> str:
    """What there is where no class has an image."""
    if not beside:
        looked = f"looked for <class>/… and train/<class>/… with files that end in {' '.join(sorted(SUFFIXES))}"
        return f"no images: {looked}, or that begin as such images do"
    above = root.resolve().parent
    classes = [name for name in folders_in(str(above)) if images_in(str(above / name)).images]
    hint = f"; did you mean data.root={above}, with {folders(classes)}?" if len(classes) > 1 else ""
    return (
        f"{counted(len(beside), 'image')} ({beside[0]}, …) but no class folders with images: "
        f"each class takes a folder, DIR/<class>/… or DIR/train/<class>/…{hint}"
    )


def _table(root: Path) -> str:
    """The first table that lies there, which may say what the classes are."""
    tables = sorted(path for path in root.iterdir() if path.suffix.lower() in {".csv", ".tsv"} and path.is_file())
    return f"; did you mean the table, data={tables[0]}?" if tables else ""


def _passed_over(listing: Listing) -> str:
    return f"; {listing.left_out}" if listing.left_out else ""


def _holds_classes(folder: Path) -> bool:
    """Whether there are folders in it and no images beside them."""
    return bool(folders_in(str(folder))) and not images_in(str(folder)).images


def _refuse_unknown_words(root: Path, names: Sequence[str]) -> None:
    """Folders such as `seg_train/` and `seg_test/`, with the same folders in both, are splits and no classes.

    Raises:
        UsageError: there are such.
    """
    words = {name: [ROLE_WORDS[word] for word in _WORDS.split(name.lower()) if word in ROLE_WORDS] for name in names}
    if any(len(roles) != 1 for roles in words.values()) or not {"train", "test"} <= {one for (one,) in words.values()}:
        return
    places = {name: _without_repetition(root / name) for name in names}
    inside = [set(folders_in(str(place))) for place in places.values()]
    if len(set.union(*inside)) > 1 and set.intersection(*inside):
        wanted = ", ".join(f"{place.relative_to(root)}/ to {words[name][0]}/" for name, place in places.items())
        raise UsageError(
            f"data.root={root} holds {folders(names)} with the same folders inside, as splits do: move {wanted}"
        )


def _without_repetition(folder: Path) -> Path:
    """A folder, or the only one in it where that has its name, as archives unpack."""
    return folder / folder.name if folders_in(str(folder)) == [folder.name] else folder
