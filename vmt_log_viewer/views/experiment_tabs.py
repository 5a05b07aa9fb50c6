"""ExperimentTabs: the pages that suit an experiment, each asked only once it is seen."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QWidget

from telemetry.text import one_line
from vmt_log_viewer.views.experiment_page import Asked, ExperimentPage
from vmt_log_viewer.widgets.titled_tabs import TitledTabs


class ExperimentTabs(TitledTabs):
    """Pages stay when another experiment is shown; what they show is asked for anew."""

    turned = Signal()  # another page is seen

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked: Asked | None = None
        self._told: dict[ExperimentPage, Asked] = {}
        self.tabBar().setUsesScrollButtons(True)
        self.currentChanged.connect(self._turned)

    @property
    def page(self) -> ExperimentPage | None:
        """The page that is seen."""
        page = self.currentWidget()
        return page if isinstance(page, ExperimentPage) else None

    def pages(self) -> list[ExperimentPage]:
        found = (self.widget(place) for place in range(self.count()))
        return [page for page in found if isinstance(page, ExperimentPage)]

    def add(self, page: ExperimentPage, title: str, tip: str = "") -> None:
        with QSignalBlocker(self):
            place = self.addTab(page, one_line(title))
            self.setTabToolTip(place, tip)

    def drop(self, pages: list[ExperimentPage]) -> None:
        """Take these pages away for good: they belong to a source that is shown no more."""
        with QSignalBlocker(self):
            for page in pages:
                self._told.pop(page, None)
                self.removeTab(self.indexOf(page))
                page.hide()
                page.deleteLater()

    def show_experiment(self, asked: Asked | None) -> None:
        """Tell the page that is seen; the others when they are."""
        self._asked = asked
        self._told.clear()
        if asked is None:
            for page in self.pages():
                page.clear()
        self._turned()

    def set_there(self, page: ExperimentPage, there: bool) -> None:
        """Show or hide the tab of a page."""
        self.setTabVisible(self.indexOf(page), there)

    def turn_to(self, page: ExperimentPage) -> None:
        self.setCurrentWidget(page)

    def settled(self) -> bool:
        return self.page is None or self.page.settled()

    def _turned(self, _: int = 0) -> None:
        page = self.page
        if page is not None and self._asked is not None and self._told.get(page) != self._asked:
            self._told[page] = self._asked
            page.show_experiment(self._asked)
        self.turned.emit()
