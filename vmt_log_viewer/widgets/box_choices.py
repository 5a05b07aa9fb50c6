"""What a user chose in drop-down boxes, as a file holds it and back."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QComboBox

from vmt_log_viewer.state.choices import JSON, Choices


def boxes_state(boxes: Mapping[str, QComboBox]) -> dict[str, JSON]:
    """The text that each box shows; None for an empty one."""
    return {name: box.currentText() or None for name, box in boxes.items()}


def restore_boxes(boxes: Mapping[str, QComboBox], choices: Choices) -> None:
    """Choose in each box what `choices` name; what is not offered is refused."""
    for name, box in boxes.items():
        offered = [box.itemText(place) for place in range(box.count())]
        if offered:
            wanted = choices.text(name, box.currentText(), offered)
            box.setCurrentIndex(offered.index(wanted))
