"""The style sheet: what a palette cannot say, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

_SHEET = Template("""
QToolTip { color: $text; background: $base; border: 1px solid $line; padding: 4px; }
QMainWindow::separator { background: $line; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: $accent; }
QDockWidget { titlebar-close-icon: none; titlebar-normal-icon: none; }
QDockWidget::title { background: $panel; padding: 6px 8px 2px 8px; }
QStatusBar { border-top: 1px solid $line; }
QStatusBar::item { border: none; }
QMenuBar { background: $panel; border-bottom: 1px solid $line; }
QSplitter::handle { background: $line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: $accent; }

QAbstractItemView { border: 1px solid $line; }
QAbstractItemView:focus { border: 1px solid $accent; }
QHeaderView { background: $panel; border: none; }
QHeaderView::section { background: $panel; color: $muted; border: none;
    border-bottom: 1px solid $line; padding: 0 8px; height: 23px; }

QTabWidget::pane { border: none; border-top: 1px solid $line; }
QTabBar { background: $panel; }
QTabBar::tab { color: $muted; background: transparent; border: none;
    border-bottom: 2px solid transparent; padding: 6px 10px; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:hover:!selected { color: $text; }
QTabBar::tab:focus { color: $accent; }
QTabBar::tab:disabled { color: $faint; }

QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: $handle; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 24px; }
QScrollBar::handle:horizontal { min-width: 24px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
""")


def sheet(colors: Mapping[str, str]) -> str:
    """The style sheet in these colours (the names of `theme.LIGHT`)."""
    return _SHEET.substitute(colors)
