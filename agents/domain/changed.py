"""Rows that changed since the last run, as a hot path enters them: to tell a family takes a call across modules."""

from typing import Any

Changed = dict[str, list[Any]]
"""Group -> member, row, member, row and so on, in the order of the changes; None stands for a row that was deleted.

Lists, because a row that knows its run is entered once a run anyway: a dict a group, to find those that are there,
takes longer to fill and to read.
"""


def enter(changed: Changed, group: str, member: str, row: object) -> None:
    """Enter a row. If it is there already, it is written twice, and the later one counts."""
    rows = changed.get(group)
    if rows is None:
        changed[group] = [member, row]
    else:
        rows.append(member)
        rows.append(row)
