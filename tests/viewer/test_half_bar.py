"""Tabs dress down where there is no room: first no icons, then no words but the chosen one's."""

import pytest
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QStyleOptionTab

from vmt_log_viewer.views.halves import HalfBar

TITLES = ("Overview", "Trajectories", "Trades", "Attempts", "Regimes", "Compare")


@pytest.fixture
def bar(qtbot) -> HalfBar:
    bar = HalfBar()
    qtbot.addWidget(bar)
    for title in TITLES:
        bar.addTab(QPixmap(16, 16), title)
    return bar


def drawn(bar: HalfBar, width: int) -> list[tuple[bool, str]]:
    """Whether each tab has an icon, and its words."""
    bar.resize(width, 30)
    bar.show()
    found = []
    for index in range(bar.count()):
        option = QStyleOptionTab()
        bar.initStyleOption(option, index)
        found.append((not option.icon.isNull(), option.text))
    return found


def test_with_room_for_all_every_tab_has_icon_and_words(bar):
    assert drawn(bar, 2000) == [(True, title) for title in TITLES]


def test_with_less_room_words_alone_and_with_little_the_words_of_the_chosen_one(bar):
    full = sum(bar.tabSizeHint(i).width() for i in range(bar.count()))
    assert drawn(bar, full - 20) == [(False, title) for title in TITLES]
    bar.setCurrentIndex(2)
    narrow = drawn(bar, 330)
    assert narrow == [(i != 2, TITLES[2] if i == 2 else "") for i in range(len(TITLES))]
    assert bar.tabRect(len(TITLES) - 1).right() <= 330
    assert bar.tabToolTip(0) == "Overview"
    assert bar.tabText(0) == "Overview"
    assert drawn(bar, 2000) == [(True, title) for title in TITLES]
