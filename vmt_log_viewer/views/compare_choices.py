"""What a user chose in Compare, as a file holds it and back; the runs are the document's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.views.compare_bar import ALIGNS

if TYPE_CHECKING:
    from vmt_log_viewer.views.compare import CompareView


def compare_state(view: CompareView) -> dict[str, JSON]:
    """Measure, alignment, panes, bands, the tab that is seen and the group of seeds chosen."""
    if not view.faces():
        return {}
    bar, groups = view.bar, view.seeds.groups.chosen()
    return {
        "measure": str(bar.measure.currentData() or "") or None,
        "align": str(bar.align.currentData()),
        "panes": bar.panes.isChecked(),
        "bands": bar.bands.isChecked(),
        "page": view.tabs.title(),
        "group": groups[0] if groups else None,
    }


def restore_compare(view: CompareView, choices: Choices) -> None:
    """Compare as `choices` say."""
    bar, faces = view.bar, view.faces()
    if not faces:
        return
    view.turn_to_face(choices.text("page", faces[0], faces))
    offered = [str(bar.measure.itemData(place)) for place in range(bar.measure.count())]
    measure = choices.text("measure", str(bar.measure.currentData() or ""), ["", *offered])
    align = choices.text("align", "tick", [name for name, _ in ALIGNS])
    if measure and (measure, align) != (bar.measure.currentData(), bar.align.currentData()):
        view.choose(measure, align)
    bar.panes.setChecked(choices.flag("panes"))
    if bar.bands.isEnabled():
        bar.bands.setChecked(choices.flag("bands"))
    group = choices.whole("group")
    if group is not None and 0 <= group < view.seeds.groups.rows.rowCount():
        view.seeds.choose_group(group)
