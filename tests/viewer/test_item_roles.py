"""A cell's roles asked for at once are what they are one by one."""

import pytest
from PySide6.QtCore import QModelRoleData, QModelRoleDataSpan, Qt

from telemetry.concepts import Column
from vmt_log_viewer.models.plain_rows import PlainRows

ROLES = (
    Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.FontRole, Qt.ItemDataRole.ForegroundRole,
    Qt.ItemDataRole.TextAlignmentRole, Qt.ItemDataRole.ToolTipRole,
)  # fmt: skip


@pytest.mark.parametrize("cell", [7, -0.5, None, "", "=cmd|' '!A0"])
def test_roles_asked_for_at_once_are_those_one_by_one(theme, cell):
    model = PlainRows(theme)
    model.show((Column("price", "price", "number", role="price"),), ((cell,),))
    index = model.index(0, 0)
    for role in ROLES:
        asked = QModelRoleData(role)
        asked.setData("left from before")
        model.multiData(index, QModelRoleDataSpan(asked))
        assert asked.data() == index.data(role)
