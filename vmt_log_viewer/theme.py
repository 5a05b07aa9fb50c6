"""Theme: every colour, font and distance of the program, light and dark."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from telemetry.concepts import AgentId, Column, Floats
from vmt_log_viewer import resources

Choice = Literal["system", "light", "dark"]

# Distances in pixels: the grid, inside a part, between parts, around a view; and the row height.
GRID, INSIDE, BETWEEN, AROUND = 4, 8, 12, 16
ROW_HEIGHT = 24
ICON, BIG_ICON = 16, 20

LIGHT = {
    "base": "#ffffff",
    "panel": "#f3f4f5",
    "line": "#d5d8dc",
    "handle": "#b9bec5",
    "faint": "#9aa1a9",
    "text": "#1b1e22",
    "muted": "#5c646d",
    "accent": "#0a5fae",
    "selection": "#d3e5f7",
    "on_accent": "#ffffff",
    "good": "#00694a",
    "bad": "#b0300a",
    "warning": "#7d5200",
    "notice": "#fbf1d9",
}
DARK = {
    "base": "#16181b",
    "panel": "#1f2226",
    "line": "#3a3f46",
    "handle": "#555c65",
    "faint": "#666e77",
    "text": "#e3e5e8",
    "muted": "#9ca5af",
    "accent": "#62aef2",
    "selection": "#1f4163",
    "on_accent": "#0d1114",
    "good": "#45c89c",
    "bad": "#ff8f66",
    "warning": "#e9b84f",
    "notice": "#3a3220",
}
GRID_STRENGTH = 0.1

BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, YELLOW, GREY = OKABE_ITO = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#56B4E9",
    "#CC79A7",
    "#F0E442",
    "#8C8C8C",
)
PAIRS = {"A<->B": BLUE, "A<->M": ORANGE, "B<->M": SKY}
MODES = {"forage": GREEN, "trade": VERMILLION, "both": PURPLE}
REGIMES = {
    "barter_only": BLUE,
    "money_only": ORANGE,
    "mixed": GREEN,
    "mixed_liquidity_gated": YELLOW,
}
STATES = {"on": GREEN, "off": GREY, "fail": VERMILLION, "success": GREEN}
NAMED = {
    "blue": BLUE,
    "orange": ORANGE,
    "green": GREEN,
    "vermillion": VERMILLION,
    "sky": SKY,
    "purple": PURPLE,
    "yellow": YELLOW,
    "grey": GREY,
}
_HASHED = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE)  # yellow and grey mean something else
_MORE = ("#A6761D", "#7B6FD0", "#44AA99", "#AA4466", "#8A8F2A")  # where one kind has many words


class Theme(QObject):
    """The look in one place. Ask for colours when painting: they change with the system's theme.

    Data colours (pairs, modes, regimes, agents) are the same in light and dark.
    """

    changed = Signal()

    def __init__(self, choice: Choice = "system", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._choice: Choice = choice
        self._dark = self._wants_dark()
        QApplication.styleHints().colorSchemeChanged.connect(self._system_changed)
        self._family = _load_fonts()
        self._fonts: dict[str, QFont] = {}  # copies share what Qt has looked up for them
        self._given: dict[str, dict[str, str]] = {}
        self.version = 0  # another number whenever a colour may be another one

    @property
    def dark(self) -> bool:
        return self._dark

    @property
    def choice(self) -> Choice:
        return self._choice

    def choose(self, choice: Choice) -> None:
        """Follow the system, or be light or dark whatever the system is."""
        self._choice = choice
        self._system_changed()

    def color(self, name: str) -> QColor:
        """The interface colour `name`; "grid" is the text colour at a tenth of its strength."""
        colors = DARK if self._dark else LIGHT
        if name == "grid":
            grid = QColor(colors["text"])
            grid.setAlphaF(GRID_STRENGTH)
            return grid
        return QColor(colors[name])

    def pair_color(self, pair: str | None) -> QColor:
        """The colour of an exchange pair type, in either order; grey where it is not recorded."""
        if pair and pair not in PAIRS:
            turned = "<->".join(reversed(pair.split("<->")))
            return self._known(PAIRS, turned if turned in PAIRS else pair, "pair")
        return self._known(PAIRS, pair, "pair")

    def mode_color(self, mode: str | None) -> QColor:
        return self._known(MODES, mode, "mode")

    def regime_color(self, regime: str | None) -> QColor:
        return self._known(REGIMES, regime, "regime")

    def state_color(self, lane: str, state: str | None) -> QColor:
        """The colour of `state` in the lane named `lane` (for a pair's own lane: on or off).

        Lanes of one kind ("dealer:short", "dealer:long") colour the same state alike.
        """
        known = {"mode": MODES, "regime": REGIMES}.get(lane)
        if known is None and state == "on" and lane in PAIRS:
            return QColor(PAIRS[lane])
        return self._known(
            known if known is not None else {**STATES, **PAIRS}, state, lane.split(":")[0]
        )

    def learn(self, columns: Iterable[Column]) -> None:
        """Take over the colours that columns declare for their words, by the column's role."""
        for column in columns:
            named = {word.text: NAMED[word.color] for word in column.words if word.color in NAMED}
            if named and column.role is not None:
                self._given.setdefault(column.role, {}).update(named)
                self.version += 1

    def agent_color(self, agent_id: AgentId, index: int, count: int) -> QColor:
        """Agent number `index` of `count`: evenly spaced hues that look equally light, those of
        neighbouring numbers far apart."""
        count = max(count, 1)
        return QColor(_equally_light(count)[index % count])

    def font(self, kind: str = "text") -> QFont:
        """ "text", "caption" (smaller), "strong" (text, semi-bold) or "title" (the run's name)."""
        if kind not in self._fonts:
            self._fonts[kind] = self._made_font(kind)
        return QFont(self._fonts[kind])

    def _made_font(self, kind: str) -> QFont:
        size = {"text": 13, "caption": 12, "strong": 13, "title": 18}[kind]
        font = QFont(self._family) if self._family else QApplication.font()
        font.setPixelSize(size)
        if kind in ("strong", "title"):
            font.setWeight(QFont.Weight.DemiBold)
        font.setFeature(QFont.Tag("tnum"), 1)
        font.setFeature(QFont.Tag("calt"), 0)  # Inter would draw "=>" and "<->" as arrows
        return font

    def palette(self) -> QPalette:
        """The palette of all widgets."""
        palette = QPalette()
        roles = QPalette.ColorRole
        for names, role in _ROLES:
            palette.setColor(getattr(roles, role), self.color(names))
        for role in ("WindowText", "Text", "ButtonText", "HighlightedText"):
            color = QColor(self.color("muted"))
            color.setAlphaF(0.6)
            palette.setColor(QPalette.ColorGroup.Disabled, getattr(roles, role), color)
        return palette

    def apply(self, app: QApplication) -> None:
        """Dress the application, before it has widgets; `dressing` does it again afterwards."""
        app.setStyle("Fusion")
        app.setFont(self.font())
        app.setPalette(self.palette())

    def _known(self, known: dict[str, str], word: str | None, kind: str) -> QColor:
        """A fixed colour; else the word's own, or the next that no word of its kind has yet."""
        if not word:
            return QColor(GREY)
        given = self._given.setdefault(kind, {})
        if word not in known and word not in given:
            number = int(word) if word.isdecimal() else zlib.crc32(word.encode())
            turned = [_HASHED[(number + i) % len(_HASHED)] for i in range(len(_HASHED))]
            used = set() if word.isdecimal() else set(given.values())
            free = (color for color in (*turned, *_MORE) if color not in used)
            given[word] = next(free, turned[0])
        return QColor(known.get(word) or given[word])

    def _wants_dark(self) -> bool:
        if self._choice != "system":
            return self._choice == "dark"
        return QApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark

    def _system_changed(self) -> None:
        dark = self._wants_dark()
        if dark != self._dark:
            self._dark = dark
            self.version += 1
            self.changed.emit()


_ROLES = (
    ("panel", "Window"),
    ("text", "WindowText"),
    ("base", "Base"),
    ("panel", "AlternateBase"),
    ("text", "Text"),
    ("panel", "Button"),
    ("text", "ButtonText"),
    ("bad", "BrightText"),
    ("selection", "Highlight"),
    ("text", "HighlightedText"),
    ("accent", "Accent"),
    ("accent", "Link"),
    ("accent", "LinkVisited"),
    ("muted", "PlaceholderText"),
    ("base", "ToolTipBase"),
    ("text", "ToolTipText"),
    ("base", "Light"),
    ("panel", "Midlight"),
    ("line", "Mid"),
    ("line", "Dark"),
    ("handle", "Shadow"),
)


@cache
def _stride(count: int) -> int:
    """A step around `count` hues that reaches each of them once, about 0.38 of the circle."""
    return next((s for s in range(round(count * 0.382), 0, -1) if math.gcd(s, count) == 1), 1)


def contrast(first: QColor, second: QColor) -> float:
    """The contrast ratio of two opaque colours after WCAG 2.1, from 1 to 21."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: QColor) -> float:
    def linear(c: float) -> float:
        return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(c) for c in color.getRgbF()[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(16)
def _equally_light(count: int) -> tuple[QColor, ...]:
    """So many colours, each as far from white as from the dark theme's background."""
    hues = (0.58 + np.arange(count) * _stride(count) / count) % 1.0
    wanted = _luminance(QColor.fromRgbF(0.52, 0.52, 0.52))
    low, high = np.zeros(count), np.ones(count)
    for _ in range(12):
        middle = (low + high) / 2
        channels = _channels(hues, middle)
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        darker = np.array([0.2126, 0.7152, 0.0722]) @ linear < wanted
        low, high = np.where(darker, middle, low), np.where(darker, high, middle)
    return tuple(QColor.fromRgbF(*color) for color in channels.T.tolist())


def _channels(hue: Floats, lightness: Floats, saturation: float = 0.65) -> Floats:
    """Red, green and blue, a row each: what colorsys.hls_to_rgb makes of one colour."""
    most = lightness + saturation * np.minimum(lightness, 1 - lightness)
    least = 2 * lightness - most
    place = (hue + np.array([[1 / 3], [0.0], [-1 / 3]])) % 1.0 * 6
    found: Floats = least + (most - least) * np.clip(np.minimum(place, 4 - place), 0, 1)
    return found


def _load_fonts() -> str | None:
    """Register the bundled fonts; their family, None where they are missing."""
    family = None
    for weight in ("Regular", "Medium", "SemiBold"):
        try:
            path = resources.path(f"fonts/Inter-{weight}.otf")
        except FileNotFoundError:
            continue
        families: Sequence[str] = QFontDatabase.applicationFontFamilies(
            QFontDatabase.addApplicationFont(str(path))
        )
        family = family or next(iter(families), None)
    return family
