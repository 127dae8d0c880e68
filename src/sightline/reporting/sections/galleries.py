"""Images that were answered right and wrong, and all figures that no other section knows."""

from typing import Final

from sightline.reporting.sections.section import FigureKind, Section

SECTION: Final = Section(missing="gallery", mode="evaluate", figures=(FigureKind("gallery"),))
OTHERS: Final = Section(figures=(FigureKind(""),))
