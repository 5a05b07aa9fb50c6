"""Databases on a server are brought to the current schema as a copy, or with a backup schema."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import telemetry
from telemetry import queries as q
from telemetry.cancel import CancelToken
from telemetry.errors import QueryCancelled
from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.migrations.changes import Changes
from telemetry.upgrade import initialise, migrate, pg_tables
from tests.builders import vmt
from tests.builders.answers import differences
from tests.builders.postgresql import Server
from tests.telemetry.command_line import ran, refused
from tests.telemetry.test_vmt_recorder import AGENT, TRADE

Capsys = pytest.CaptureFixture[str]
ROOT = Path(__file__).resolve().parents[2]
#: As a simulator left it that knew no money, with a view and a column of the user's own.
OLDER = """
DROP TABLE tick_states, lambda_updates, pairings, preferences, telemetry_versions,
    telemetry_additions;
ALTER TABLE simulation_runs DROP exchange_regime, DROP money_mode, DROP money_scale;
ALTER TABLE trades DROP "dM", DROP exchange_pair_type, DROP buyer_lambda, DROP seller_lambda,
    DROP buyer_surplus, DROP seller_surplus;
ALTER TABLE trades ADD doubled integer GENERATED ALWAYS AS (buyer_id * 2) STORED;
CREATE TABLE notes (note_id integer GENERATED ALWAYS AS IDENTITY (START 7), said text UNIQUE);
INSERT INTO notes (said) VALUES ('tab\there, NULL \\N and a quote '' in it'), (NULL), ('');
CREATE VIEW seen AS SELECT * FROM notes;
"""
STATE = """
SELECT string_agg(format('%s.%s.%s', table_schema, table_name, column_name), ' ' ORDER BY 1)
FROM information_schema.columns WHERE table_schema !~ '^pg_|^information_schema';
SELECT count(*), sum(price) FROM trades;
"""


def name_of(url: str) -> str:
    return url.split("@/")[1].split("?")[0]


@pytest.fixture
def old(server: Server) -> str:
    """The URL of a database of an older version with a run of four ticks."""
    url = server.create()
    with VmtRecorder(url) as recorder, recorder.begin_run("old", exchange_regime="mixed") as run:
        for tick in range(4):
            for agent in (0, 1):
                run.log_agent_snapshot(tick, **{**AGENT, "agent_id": agent, "x": tick})
            run.log_trade(tick, **{**TRADE, "price": tick / 3})
            run.end_tick(tick)
    server.run(name_of(url), OLDER)
    return url


def state(server: Server, url: str) -> str:
    return server.run(name_of(url), STATE)


def test_a_copy_answers_as_the_original_and_has_all_that_is_current(
    server: Server, old: str, capsys: Capsys
):
    before, new = state(server, old), server.create()
    made = ran(capsys, "migrate", old, "--to", new)
    assert made.code == 0, made.err
    assert "Left out: seen" in made.err
    assert state(server, old) == before
    one, other = telemetry.open_source(old), telemetry.open_source(new)
    asked = [q.AgentsQuery(1), q.TimelineQuery(1), q.TableQuery(1, "trades", ("tick", "price"))]
    asked += [q.SeriesQuery(1, "utility"), q.FanQuery(1, "utility"), q.RunSizesQuery((1,))]
    assert differences(one, other, asked) == []
    assert other.ask(q.TableQuery(1, "trades", ("price", "doubled"))).rows
    one.close()
    other.close()
    notes = "SELECT note_id, said FROM notes ORDER BY 1"
    assert server.run(name_of(new), notes) == server.run(name_of(old), notes)
    assert "already current" in ran(capsys, "migrate", new).err
    assert "already current" in ran(capsys, "migrate", old, "--to", new).err


def test_a_copy_goes_on_counting_and_is_recorded_to(server: Server, old: str, capsys: Capsys):
    new = f"{server.create()}&schema=Neu%20hier"
    assert ran(capsys, "migrate", old, "--to", new).code == 0
    with VmtRecorder(new) as recorder, recorder.begin_run("new", exchange_regime="mixed") as run:
        run.log_trade(0, **TRADE)
        run.end_tick(0)
    found = server.run(
        name_of(new),
        'SET search_path = "Neu hier";'
        " SELECT run_id, scenario_name FROM simulation_runs ORDER BY 1;"
        " SELECT max(id), count(*) FROM trades;"
        " INSERT INTO notes (said) VALUES ('x') RETURNING note_id",
    )
    assert found.split() == ["1|old", "2|new", "5|5", "10"]


def test_in_place_the_changed_tables_stand_in_a_backup_schema(
    server: Server, old: str, capsys: Capsys
):
    before = server.run(name_of(old), "SELECT * FROM trades ORDER BY id")
    made = ran(capsys, "migrate", old, "--in-place")
    assert made.code == 0, made.err
    backup = made.err.split("the schema ")[1].split()[0]
    listed = server.run(
        name_of(old), f"SELECT relname FROM pg_class WHERE relnamespace = '{backup}'::regnamespace"
        " AND relkind = 'r' ORDER BY 1",
    )  # fmt: skip
    assert listed.split() == ["simulation_runs", "trades"]
    assert server.run(name_of(old), f"SELECT * FROM {backup}.trades ORDER BY id") == before
    assert server.run(name_of(old), 'SELECT DISTINCT "dM", exchange_pair_type FROM trades') == (
        "0|A<->B\n"
    )
    with VmtRecorder(old) as recorder, recorder.begin_run("new"):
        pass
    again = ran(capsys, "migrate", old, "--in-place")
    assert "already current" in again.err
    server.run(name_of(old), "DROP TABLE trades CASCADE")  # which the backup does not hang on
    assert server.run(name_of(old), f"SELECT * FROM {backup}.trades ORDER BY id") == before


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import telemetry.cli.program
from telemetry.migrations import changes, upgrading
from telemetry.upgrade import pg_tables, servers

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[2] == "while rows are copied":
    pg_tables.digest = servers._save = die
elif sys.argv[2] == "between two steps":
    step = changes.Changes.apply
    changes.Changes.apply = lambda own, wanted: die() if wanted.version == 4 else step(own, wanted)
else:
    upgrading.stamp = die
sys.exit(telemetry.cli.program.run(sys.argv[3:]))
"""


@pytest.mark.skipif(os.name == "nt", reason="no such kill there")
@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize(
    "moment", ["while rows are copied", "between two steps", "before the commit"]
)
def test_killed_at_any_moment_the_server_is_as_it_was(
    moment: str, in_place: bool, server: Server, old: str, capsys: Capsys
):
    new = server.create()
    how = ["--in-place"] if in_place else ["--to", new]
    before = state(server, old)
    command = [sys.executable, "-c", KILLED, str(ROOT), moment, "migrate", old, *how]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert state(server, old) == before
    assert server.run(name_of(new), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    assert ran(capsys, "migrate", old, *how).code == 0


def test_a_target_that_is_not_empty_is_one_sentence(server: Server, old: str, capsys: Capsys):
    new = server.create("CREATE TABLE mine (x int)")
    said = refused(capsys, 2, "migrate", old, "--to", new)
    assert "is not empty (it holds mine)" in said
    assert server.run(name_of(new), "SELECT relname FROM pg_class WHERE relname ~ 'trades'") == ""


def test_partitions_which_a_copy_would_not_have_are_migrated_where_they_are(
    server: Server, capsys: Capsys
):
    url = server.create()
    initialise(url, "vmt", partitions=2)
    with VmtRecorder(url) as recorder, recorder.begin_run("old", exchange_regime="mixed") as run:
        run.log_trade(0, **TRADE)
        run.end_tick(0)
    server.run(name_of(url), "ALTER TABLE trades DROP buyer_surplus; DROP TABLE telemetry_versions")
    said = refused(capsys, 2, "migrate", url, "--to", server.create())
    assert "holds tables with partitions (" in said
    assert "migrate it --in-place" in said
    assert ran(capsys, "migrate", url, "--in-place").code == 0
    left = "SELECT count(*) FROM pg_class WHERE relispartition AND relname LIKE 'trades_p_'"
    assert server.run(name_of(url), left).strip() == "2"
    counted = "SELECT count(*), count(buyer_surplus) FROM trades"
    assert server.run(name_of(url), counted).strip() == "1|0"


def test_what_is_no_place_for_a_copy_is_one_sentence(
    server: Server, old: str, tmp_path: Path, capsys: Capsys
):
    for to in ([], ["--to", tmp_path / "x.db"]):
        assert "--to postgresql://" in refused(capsys, 2, "migrate", old, *to)
    path = vmt.build("barter", tmp_path / "old.db", runs=1, ticks=1)
    assert "no copy is made on a server" in refused(
        capsys, 2, "migrate", path, "--to", server.create()
    )


def test_a_role_that_may_not_is_one_sentence(server: Server, old: str, capsys: Capsys):
    role = f"r{name_of(old)}"
    server.run(
        name_of(old),
        f"CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};"
        f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};",
    )
    before, new = state(server, old), server.create()
    mine = server.url(name_of(old), role)
    said = refused(capsys, 2, "migrate", mine, "--in-place")
    assert "may not be changed so by this user (permission denied" in said
    said = refused(capsys, 2, "migrate", mine, "--to", server.url(name_of(new), role))
    assert "permission denied for schema public" in said
    assert state(server, old) == before


def test_a_database_in_use_is_one_sentence_in_place_and_is_copied(
    server: Server, old: str, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
):
    import psycopg

    monkeypatch.setattr("telemetry.upgrade.servers._PATIENCE", "50ms")
    with psycopg.connect(old) as writer:
        writer.execute("UPDATE trades SET price = 99")
        said = refused(capsys, 3, "migrate", old, "--in-place")
        assert "is in use by another session; wait until that has finished" in said
        new = server.create()
        assert ran(capsys, "migrate", old, "--to", new).code == 0
    assert server.run(name_of(new), "SELECT max(price) FROM trades") == "1\n"


def test_a_copy_that_differs_is_not_kept(
    server: Server, old: str, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
):
    take = pg_tables.copy_rows

    def wrong(source, target, table, token) -> None:
        take(source, target, table, token)
        if table.name == "trades":
            target.exec_driver_sql("UPDATE trades SET price = price + 1e-15 WHERE id = 2")

    monkeypatch.setattr(pg_tables, "copy_rows", wrong)
    new = server.create()
    assert "took other rows of trades" in refused(capsys, 2, "migrate", old, "--to", new)
    assert server.run(
        name_of(new), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    ) == ("0\n")


@pytest.mark.parametrize("in_place", [True, False])
def test_a_migration_on_a_server_that_is_cancelled_leaves_nothing(
    in_place: bool, server: Server, old: str, monkeypatch: pytest.MonkeyPatch
):
    token, before = CancelToken(), state(server, old)

    def forever(changes: Changes, _step: object) -> None:
        token.cancel()
        changes.connection.exec_driver_sql("SELECT pg_sleep(60)").all()

    monkeypatch.setattr(Changes, "apply", forever)
    with pytest.raises(QueryCancelled):
        migrate(old, to=None if in_place else server.create(), in_place=in_place, token=token)
    assert state(server, old) == before
