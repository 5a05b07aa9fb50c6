"""The style sheet: what a palette cannot say, and no more; its colours are those of the palette."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QMenu,
    QMenuBar,
    QProgressBar,
    QScrollBar,
    QSplitter,
    QStatusBar,
    QTabBar,
    QTabWidget,
)

SHEET = """
QToolTip { color: palette(text); background: palette(base);
    border: 1px solid palette(mid); padding: 4px; }
QMainWindow::separator { background: palette(mid); width: 1px; height: 1px; }
QMainWindow::separator:hover { background: palette(accent); }
QDockWidget { titlebar-close-icon: none; titlebar-normal-icon: none; }
QDockWidget::title { background: palette(window); padding: 6px 8px 2px 8px; }
QStatusBar { border-top: 1px solid palette(mid); }
QStatusBar::item { border: none; }
QMenuBar { background: palette(window); border-bottom: 1px solid palette(mid); }
QSplitter::handle { background: palette(mid); }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: palette(accent); }

QAbstractItemView { border: 1px solid palette(mid); }
QAbstractItemView:focus { border: 1px solid palette(accent); }
QHeaderView { background: palette(window); border: none; }
QHeaderView::section { background: palette(window); color: palette(placeholder-text); border: none;
    border-bottom: 1px solid palette(mid); padding: 0 8px; height: 23px; }

QTabWidget::pane { border: none; border-top: 1px solid palette(mid); }
QTabBar { background: palette(window); }
QTabBar::tab { color: palette(placeholder-text); background: transparent; border: none;
    border-bottom: 2px solid transparent; padding: 6px 10px; }
QTabBar::tab:selected { color: palette(text); border-bottom: 2px solid palette(accent); }
QTabBar::tab:hover:!selected { color: palette(text); }
QTabBar::tab:focus { color: palette(accent); }

QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: palette(shadow); border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 24px; }
QScrollBar::handle:horizontal { min-width: 24px; }
QScrollBar::handle:hover { background: palette(placeholder-text); }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
"""
_OF_QT = (QLineEdit, QComboBox, QAbstractSpinBox, QMenu, QProgressBar)  # that its own sheet names
KINDS = (
    *_OF_QT,
    QMainWindow,
    QDockWidget,
    QStatusBar,
    QMenuBar,
    QSplitter,
    QAbstractItemView,
    QTabWidget,
    QTabBar,
    QScrollBar,
)
"""What a sheet speaks of (a header is an item view): nothing else keeps colours of its own."""
