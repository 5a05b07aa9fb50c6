"""A statement about one run names it in its sub-selects, and means the same rows as before."""

import sqlalchemy as sa

from telemetry.engines.one_run import pinned

TRADES = sa.table("trades", sa.column("id"), sa.column("run"), sa.column("tick"))
STATES = sa.table("states", sa.column("run"), sa.column("tick"), sa.column("mode"))
MODE = sa.select(STATES.c.mode).where(STATES.c.run == TRADES.c.run)
OF_ONE = TRADES.c.run == 7


def text(statement: sa.Select) -> str:
    compiled = pinned(statement).compile(compile_kwargs={"literal_binds": True})
    return " ".join(str(compiled).split())


def test_the_run_of_the_row_outside_is_a_constant_in_a_sub_select():
    for inner in (MODE, MODE.correlate(TRADES)):
        found = text(sa.select(TRADES.c.id, inner.scalar_subquery()).where(OF_ONE))
        assert "WHERE states.run = 7" in found
        assert found.endswith("FROM trades WHERE trades.run = 7")


def test_the_same_table_within_is_another_one():
    other = TRADES.alias("other")
    last = sa.select(sa.func.max(other.c.tick)).where(other.c.run == TRADES.c.run)
    own = sa.select(sa.func.max(TRADES.c.tick)).where(TRADES.c.run == 3)
    found = text(sa.select(last.scalar_subquery(), own.scalar_subquery()).where(OF_ONE))
    assert "WHERE other.run = 7" in found
    assert "FROM trades WHERE trades.run = 3)" in found


def test_what_is_selected_from_is_left_alone():
    below = sa.select(STATES.c.tick, sa.select(TRADES.c.id).where(
        TRADES.c.run == STATES.c.run).scalar_subquery().label("id")).subquery("below")  # fmt: skip
    joined = sa.select(TRADES.c.id).join(below, below.c.tick == TRADES.c.tick).where(OF_ONE)
    assert "trades.run = states.run" in text(joined)


def test_a_choice_between_runs_is_no_constant():
    either = sa.or_(OF_ONE, TRADES.c.run == 8)
    found = text(sa.select(MODE.scalar_subquery()).where(either))
    assert "states.run = trades.run" in found


def test_what_is_selected_from_names_its_own_run():
    mode = MODE.correlate(TRADES).scalar_subquery().label("mode")
    below = sa.select(TRADES.c.id, mode).where(OF_ONE).subquery("below")
    found = text(sa.select(sa.func.count(below.c.mode)))
    assert found.startswith("SELECT count(below.mode)")
    assert "WHERE states.run = 7" in found


def test_the_same_table_further_within_is_another_one():
    own = sa.select(TRADES.c.id.label("id")).where(TRADES.c.run == 7).subquery("own")
    among = sa.select(TRADES.c.id).where(OF_ONE, TRADES.c.id.in_(sa.select(own.c.id)))
    assert "WHERE trades.run = 7) AS own" in text(among)
    assert "WHERE trades.run = 7) AS own" in text(sa.select(among.subquery("below").c.id))
