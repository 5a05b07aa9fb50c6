"""TitledTabs: the tabs of a view, which are told and turned to by their titles."""

from __future__ import annotations

from PySide6.QtWidgets import QTabWidget, QWidget


class TitledTabs(QTabWidget):
    """Hidden tabs have no title; of several with one title the first is turned to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDocumentMode(True)
        self.tabBar().setExpanding(False)

    def titles(self) -> tuple[str, ...]:
        """Of the tabs that can be turned to, in their order."""
        places = (place for place in range(self.count()) if self.isTabVisible(place))
        return tuple(self.tabText(place) for place in places)

    def title(self) -> str:
        """Of the tab that is seen; "" where there is none."""
        return self.tabText(self.currentIndex())

    def turn_to_title(self, title: str) -> None:
        """See the first tab of this title that can be turned to."""
        for place in range(self.count()):
            if self.isTabVisible(place) and self.tabText(place) == title:
                self.setCurrentIndex(place)
                return
