"""ItemRoles: what a cell looks like, asked once instead of role by role (a role as Qt has it)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QModelRoleDataSpan, QPersistentModelIndex

if TYPE_CHECKING:
    from collections.abc import Callable


class ItemRoles:
    """For models written in Python: Qt enters the interpreter once a cell, not seven times.

    Each time it may have to wait until a worker lets go of the interpreter.
    """

    if TYPE_CHECKING:
        data: Callable[..., Any]

    def answers(self, index: QModelIndex | QPersistentModelIndex) -> Callable[[int], Any]:
        """What `data` answers of this cell, role by role; what they share is worked out once."""
        return partial(self.data, index)

    def multiData(
        self, index: QModelIndex | QPersistentModelIndex, roles: QModelRoleDataSpan
    ) -> None:
        answer = self.answers(index)
        for place in range(roles.size()):
            wanted = roles[place]
            value = answer(wanted.role())
            if value is None:
                wanted.clearData()
            else:
                wanted.setData(value)
