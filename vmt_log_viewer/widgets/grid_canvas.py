"""GridCanvas: the grid of one tick, with what lies under the mouse in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.concepts import Scene
from telemetry.errors import ExportError
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots.kept import Kept
from vmt_log_viewer.plots.nice import short
from vmt_log_viewer.widgets.disc_sheet import DiscSheet
from vmt_log_viewer.widgets.grid_layout import GridLayout, Spot
from vmt_log_viewer.widgets.grid_painter import GridPainter, Looks
from vmt_log_viewer.widgets.trade_arrows import A_TURN

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_TWICE = 2


class GridCanvas(QWidget):
    """Draws a Scene. It keeps the last one until `show_scene` brings another."""

    agent_clicked = Signal(object, bool)  # agent id, whether to add it to those chosen

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._scene: Scene | None = None
        self._looks = Looks()
        self._measure = ""
        self._ground, self._sheet = Kept(), DiscSheet()
        self._swarm = Kept(self, stays=True)
        self._version = 0  # of what is shown
        self._before: tuple[Scene, Looks] | None = None  # seen until the swarm is there
        self._layout: tuple[QSize, GridLayout] | None = None
        self.setMouseTracking(True)
        self.setMinimumSize(160, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    @property
    def scene(self) -> Scene | None:
        return self._scene

    def sizeHint(self) -> QSize:
        return QSize(480, 480)

    def show_scene(self, scene: Scene | None, looks: Looks, measure: str = "") -> None:
        """`measure` names the values in the readout ("Inventory A: 5 A")."""
        if not self._crowded:
            self._before = None if self._scene is None else (self._scene, self._looks)
        self._scene, self._looks, self._measure = scene, looks, measure
        self._layout = None
        self._change()

    def set_looks(self, looks: Looks) -> None:
        self._looks = looks
        self._change()

    def _change(self) -> None:
        self._version += 1
        if not self._crowded:
            self._swarm.forget()
        self.update()

    @property
    def _crowded(self) -> bool:
        """So many trades that they are painted in turns, while what was there before is seen."""
        return self._scene is not None and len(self._scene.trades) > A_TURN

    def painted(self) -> bool:
        """Whether all of the picture is there."""
        return self._swarm.idle()

    def dress(self) -> Iterator[None]:
        """Paint in steps what the theme's colours will show."""
        layout = self.placed()
        if layout is not None and self._scene is not None:
            grid = GridPainter(self._theme, self._scene, layout, self._looks, self._sheet)
            yield from self._ground.prepare(self._ground_key(layout), grid.paint_ground)
            if self._crowded:
                yield from self._swarm.prepare(self._swarm_key(), grid.steps)

    def placed(self) -> GridLayout | None:
        """Where everything lies at the present size; None without a scene."""
        if self._scene is None:
            return None
        if self._layout is None or self._layout[0] != self.size():
            self._layout = self.size(), GridLayout(self._scene, QRectF(self.rect()))
        return self._layout[1]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._draw(painter, self._sheet)
        painter.end()

    def save_png(self, path: Path) -> None:
        """Write the picture at twice the size on screen; ExportError where it cannot be."""
        image = QImage(self.size() * _TWICE, QImage.Format.Format_ARGB32)
        image.setDevicePixelRatio(_TWICE)
        image.fill(self._theme.color("panel"))
        painter = QPainter(image)
        self._draw(painter)
        painter.end()
        if not image.save(str(path), "PNG"):
            raise ExportError(f"The picture cannot be written to {path}: choose another place.")

    def save_svg(self, path: Path) -> None:
        """Write the picture as vectors; ExportError where it cannot be."""
        generator = QSvgGenerator()
        generator.setFileName(str(path))
        generator.setSize(self.size())
        generator.setViewBox(self.rect())
        painter = QPainter()
        if not painter.begin(generator):
            raise ExportError(f"The picture cannot be written to {path}: choose another place.")
        self._draw(painter)
        painter.end()

    def readout(self, at: QPointF) -> str:
        """What lies under a pixel; "" outside of the grid."""
        layout, scene = self.placed(), self._scene
        if layout is None or scene is None:
            return ""
        spot = layout.spot_at(at)
        cell = layout.cell_at(at)
        lines = self._about_agents(spot) if spot is not None else []
        if cell is not None:
            lines.append(f"cell ({cell[0]}, {cell[1]})")
            lines += [
                f"resource {mark.kind}: {short(mark.amount)}"
                for mark in scene.resources
                if (int(mark.x), int(mark.y)) == cell
            ]
        return "\n".join(lines)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        text = self.readout(event.position())
        if text:
            QToolTip.showText(event.globalPosition().toPoint(), plain_tip(text), self)
        else:
            QToolTip.hideText()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        layout = self.placed()
        spot = layout.spot_at(event.position()) if layout is not None else None
        if spot is not None and event.button() == Qt.MouseButton.LeftButton:
            more = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            for place, mark in enumerate(spot.agents):
                self.agent_clicked.emit(mark.agent_id, more or place > 0)

    def _draw(self, painter: QPainter, sheet: DiscSheet | None = None) -> None:
        """With a `sheet` for the screen: what stays from tick to tick is kept."""
        layout = self.placed()
        if self._scene is None or layout is None:
            return
        grid = GridPainter(self._theme, self._scene, layout, self._looks, sheet)
        if sheet is None:
            grid.paint_ground(painter)
            grid.paint(painter)
            return
        size = QRectF(self.rect()).size()
        self._ground.draw(painter, size, self._ground_key(layout), grid.paint_ground)
        if not self._crowded:
            grid.paint(painter)
            return
        self._swarm.draw(painter, size, self._swarm_key(), grid.steps)
        if not self._swarm.there() and not self._swarm.idle() and self._before is not None:
            scene, looks = self._before
            before = GridLayout(scene, QRectF(self.rect()))
            GridPainter(self._theme, scene, before, looks, sheet).paint(painter)

    def _swarm_key(self) -> tuple[int, int]:
        return self._version, self._theme.version

    def _ground_key(self, layout: GridLayout) -> tuple[int, ...]:
        return layout.columns, layout.rows, self._theme.version

    def _about_agents(self, spot: Spot) -> list[str]:
        assert self._scene is not None
        lines = []
        for mark in spot.agents:
            value = "not recorded" if mark.value != mark.value else short(mark.value, 6)
            known = f" · {self._measure.format(value)}" if self._measure else ""
            lines.append(f"agent {mark.agent_id}{known}")
            if mark.target_x is not None and mark.target_y is not None:
                lines.append(f"  heading for ({mark.target_x:g}, {mark.target_y:g})")
            for trade in self._scene.trades:
                if trade.buyer_id == mark.agent_id:
                    lines.append(f"  buys {trade.pair} from {trade.seller_id}")
                elif trade.seller_id == mark.agent_id:
                    lines.append(f"  sells {trade.pair} to {trade.buyer_id}")
        return lines
