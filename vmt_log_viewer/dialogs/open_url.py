"""Asking for a database URL and its password."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from telemetry.frozen import Frozen
from vmt_log_viewer import passwords
from vmt_log_viewer.theme import AROUND, BETWEEN

EXAMPLE = "postgresql://user@server/database"


class UrlAnswer(Frozen):
    """The URL, its password apart, and whether the system's keyring shall keep that."""

    url: str
    password: str | None
    keep: bool


class OpenUrl(QDialog):
    """The password is typed hidden, and leaves this dialog only with the answer."""

    def __init__(self, url: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open URL")
        self.setMinimumWidth(460)
        self.url = QLineEdit(url)
        self.url.setPlaceholderText(EXAMPLE)
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setPlaceholderText("asked by most servers")
        self.keep = QCheckBox("Keep the password in the system's keyring")
        self.keep.setEnabled(passwords.available())
        if not passwords.available():
            self.keep.setToolTip("No keyring is available here: it is kept until you quit.")
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._open = buttons.button(QDialogButtonBox.StandardButton.Open)
        self.url.textChanged.connect(lambda text: self._open.setEnabled("://" in text))
        self._open.setEnabled("://" in url)
        self._lay_out(buttons)
        (self.password if url else self.url).setFocus()

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        form = QFormLayout()
        form.setSpacing(BETWEEN)
        form.addRow("URL", self.url)
        form.addRow("Password", self.password)
        form.addRow("", self.keep)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(AROUND, AROUND, AROUND, AROUND)
        layout.setSpacing(BETWEEN)
        layout.addWidget(QLabel("The database is opened read-only."))
        layout.addLayout(form)
        layout.addWidget(buttons)

    def answer(self) -> UrlAnswer:
        password = self.password.text() or None
        return UrlAnswer(self.url.text().strip(), password, self.keep.isChecked())

    @classmethod
    def ask(cls, parent: QWidget, url: str = "") -> UrlAnswer | None:
        """What to open; None where the user thought better of it."""
        dialog = cls(url, parent)
        try:
            return dialog.answer() if dialog.exec() == QDialog.DialogCode.Accepted else None
        finally:
            dialog.deleteLater()
