"""What a section, a chapter and a document are, and what they come to for one run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sightline.config.stages import writer_of
from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Block, Figure


@dataclass(frozen=True)
class FigureKind:
    """The figures whose file name begins alike.

    What follows the beginning is added to the title: `gallery_confident_mistakes` is "Confident mistakes".

    Attributes:
        stem: the beginning.
        title: what they are called; empty: by the rest of the file name.
        caption: how to read them.
    """

    stem: str
    title: str = ""
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a report: what it says of a run, and which files it says it from.

    Attributes:
        blocks: what it says; nothing where the run holds nothing of it.
        title: its heading within its chapter.
        card: its heading on the model card, which several may share; empty: the card leaves it out.
        sources: the files that it is read from; without the first it has nothing to say.
        missing: what is not there without it, as in "No evaluation yet"; empty: then the page passes over it.
        mode: the one that writes the first source, where the table of stages does not say.
        figures: those that it ends with, in this order.
        task: the only task whose runs have it; empty: all have.
        by_target: whether it is about one target, and comes once for each target of a model of several; all sections of
            a task do.
        headed: whether the name of the target stands over it where it has no title of its own.
        own: whether it is about what happened here before the predictions, which another tool's do not tell.
    """

    blocks: Callable[[Contents], Iterable[Block]] = lambda _: ()
    title: str = ""
    card: str = ""
    sources: tuple[str, ...] = ()
    missing: str = ""
    mode: str = ""
    figures: tuple[FigureKind, ...] = ()
    task: str = ""
    own: bool = False
    by_target: bool = False
    headed: bool = False

    @property
    def writer(self) -> str:
        """The mode that writes what it is read from."""
        return self.mode or writer_of(self.sources[0])


@dataclass(frozen=True)
class Chapter:
    """Sections under one heading, which a reader of the page can go to."""

    anchor: str
    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Document:
    """A page: of a run, a comparison or a sweep.

    Attributes:
        title: its title unless somebody gives it another.
        chapters: the first is the head of the page.
    """

    title: Callable[[Contents], str]
    chapters: tuple[Chapter, ...]

    def parts(self, contents: Contents) -> list[tuple[Chapter, list["Part"]]]:
        """What each chapter says of a run; the sections of other tasks are left out."""
        figures = {one.target: self._figures(one) for one in (contents, *contents.by_target)}
        return [
            (
                chapter,
                [
                    Part.of(shown, of, figures[of.target])
                    for section in chapter.sections
                    for shown, of in _of_each_target(section, contents)
                    if _applies(shown, of)
                ],
            )
            for chapter in self.chapters
        ]

    def _figures(self, contents: Contents) -> dict[FigureKind, list[Path]]:
        """The figures by their kind, of those that sections of this task know."""
        known = [section for chapter in self.chapters for section in chapter.sections if _applies(section, contents)]
        return _by_kind(contents.figures, [kind for section in known for kind in section.figures])


@dataclass(frozen=True)
class Part:
    """A section of one run: what it says, and the figures that it shows after that."""

    section: Section
    blocks: list[Block]
    figures: list[Figure]

    @classmethod
    def of(cls, section: Section, contents: Contents, figures: Mapping[FigureKind, Sequence[Path]]) -> "Part":
        """What a section says of a run; without the file that it is read from, its figures are of another day."""
        blocks = list(section.blocks(contents))
        shown = [_figure(kind, path, contents.target) for kind in section.figures for path in figures[kind]]
        return cls(section, blocks, shown if blocks or not section.sources else [])

    @property
    def missing(self) -> str:
        """What is not there yet and should be."""
        return "" if self.blocks or self.figures else self.section.missing


def _of_each_target(section: Section, contents: Contents) -> list[tuple[Section, Contents]]:
    """The section and what it is about; of a model of several targets once for each, headed by its name."""
    if not (section.by_target or section.task) or len(contents.by_target) == 1:
        return [(section, contents)]
    return [(_named(section, one.target), one) for one in contents.by_target]


def _named(section: Section, target: str) -> Section:
    title = f"{target}: {section.title}" if section.title else target if section.headed else ""
    return replace(section, title=title)


def _applies(section: Section, contents: Contents) -> bool:
    return section.task in {"", contents.task} and not (section.own and contents.external)


def _by_kind(figures: Mapping[str, Path], kinds: Sequence[FigureKind]) -> dict[FigureKind, list[Path]]:
    """Each figure with the kind that has most of its name."""
    found: dict[FigureKind, list[Path]] = {kind: [] for kind in kinds}
    for stem in sorted(figures):
        fitting = [kind for kind in kinds if stem.startswith(kind.stem)]
        if fitting:
            found[max(fitting, key=lambda kind: len(kind.stem))].append(figures[stem])
    return found


def _figure(kind: FigureKind, path: Path, target: str) -> Figure:
    stem = path.stem.removeprefix(f"{target}_") if target else path.stem
    rest = stem.removeprefix(kind.stem).strip("_").replace("_", " ")
    title = f"{kind.title}, {rest}" if kind.title and rest else kind.title or rest[:1].upper() + rest[1:]
    return Figure(title, kind.caption, path)
