"""Asking what to export, as what, and where to."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vmt_log_viewer.background.exporting import Order
from vmt_log_viewer.theme import AROUND, BETWEEN, INSIDE

NAMES = {
    "csv": "CSV: exact values, NULL empty",
    "jsonl": "JSON lines: one object a row",
    "json": "JSON: one array of objects",
    "png": "PNG picture",
    "svg": "SVG picture",
}
PICTURES = ("png", "svg")


class ExportDialog(QDialog):
    """Says what will be written before it is: exactly what the view shows."""

    def __init__(
        self,
        what: str,
        name: str,
        formats: tuple[str, ...],
        folder: Path,
        whole_run: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._whole_run = whole_run
        self.setWindowTitle("Export the whole run" if whole_run else "Export what I see")
        self.setMinimumWidth(520)
        self.format = QComboBox()
        for key in formats:
            self.format.addItem(NAMES[key], key)
        self.path = QLineEdit(str(folder / name))
        self.drop_empty = QCheckBox("Leave out columns that are empty in this run")
        self.drop_empty.setChecked(True)
        self.format.currentIndexChanged.connect(self._format_changed)
        self._lay_out(what)
        self._format_changed()

    def _lay_out(self, what: str) -> None:
        about = QLabel(what)
        about.setTextFormat(Qt.TextFormat.PlainText)
        about.setWordWrap(True)
        browse = QPushButton("Browse…")
        browse.clicked.connect(self._browse)
        place = QHBoxLayout()
        place.setSpacing(INSIDE)
        place.addWidget(self.path, 1)
        place.addWidget(browse)
        form = QFormLayout()
        form.setSpacing(BETWEEN)
        form.addRow("As", self.format)
        form.addRow("Folder" if self._whole_run else "File", place)
        form.addRow("", self.drop_empty)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(AROUND, AROUND, AROUND, AROUND)
        layout.setSpacing(BETWEEN)
        layout.addWidget(about)
        layout.addLayout(form)
        layout.addWidget(buttons)

    def order(self) -> Order:
        """What was chosen."""
        return Order(Path(self.path.text()).expanduser(), self._key(), self.drop_empty.isChecked())

    @classmethod
    def ask(
        cls,
        parent: QWidget,
        what: str,
        name: str,
        formats: tuple[str, ...],
        folder: Path,
        whole_run: bool = False,
    ) -> Order | None:
        """What to write; None where the user thought better of it."""
        dialog = cls(what, name, formats, folder, whole_run, parent)
        try:
            return dialog.order() if dialog.exec() == QDialog.DialogCode.Accepted else None
        finally:
            dialog.deleteLater()

    def _key(self) -> str:
        return str(self.format.currentData())

    def _format_changed(self) -> None:
        """The suffix of the file follows the format; a picture has no columns."""
        self.drop_empty.setEnabled(self._key() not in PICTURES)
        if self._whole_run:
            return
        path = Path(self.path.text())
        bare = path.with_suffix("") if path.suffix[1:] in NAMES else path
        self.path.setText(f"{bare}.{self._key()}")

    def _browse(self) -> None:
        if self._whole_run:
            chosen = QFileDialog.getExistingDirectory(self, "Folder", self.path.text())
        else:
            chosen, _ = QFileDialog.getSaveFileName(self, "Export to", self.path.text())
        if chosen:
            self.path.setText(chosen)
