"""A viewer's role may only SELECT, a recorder's owns nothing: the grants of the page suffice."""

import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from telemetry.errors import RecordingError, SourceError
from telemetry.families.moltmarket.recorder import MarketRecorder
from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.location import parse_location
from telemetry.queries import RunsQuery, TableQuery
from telemetry.upgrade import initialise
from tests.builders import moltmarket
from tests.builders.postgresql import Server
from tests.telemetry.laid_out import (
    about_one,
    ask_all,
    opened,
    record_market,
    record_simcash,
    record_vmt,
    statements,
)

RECORDERS = {"vmt": record_vmt, "simcash": record_simcash, "moltmarket": record_market}


@pytest.fixture(scope="module")
def database(server: Server) -> str:
    """The name of a database with a schema of each family, and with the two roles of the page."""
    url = server.create()
    name = parse_location(url).name
    for family in RECORDERS:
        initialise(f"{url}&schema=its {family}", family, partitions=2)
        made = statements("roles", schema=f"'its {family}'")
        known = server.run(name, "SELECT 1 FROM pg_roles WHERE rolname = 'lab_viewer'")
        server.run(name, re.sub("CREATE ROLE .*", "", made) if known else made)
    server.run(name, "CREATE ROLE ann LOGIN IN ROLE lab_viewer")
    server.run(name, "CREATE ROLE bob LOGIN IN ROLE lab_recorder")
    return name


def test_one_records_another_views_and_neither_can_do_more(server: Server, database: str) -> None:
    for family, record in RECORDERS.items():
        ann, bob = (f"{server.url(database, u)}&schema=its {family}" for u in ("ann", "bob"))
        [run_id, *_] = record(bob)
        with opened(ann) as source:
            assert source.identity.family == family
            assert source.ask(RunsQuery()).runs[0].run_id == run_id
            answers = ask_all(source, about_one(source, run_id))
            assert len(answers) > 10
            with pytest.raises(SourceError, match="read-only"):
                with source._database.connection() as connection:
                    connection.execute(sa.text("DELETE FROM telemetry_versions"))


def test_a_viewer_cannot_record_nor_a_recorder_change_a_table(
    server: Server, database: str
) -> None:
    ann = f"{server.url(database, 'ann')}&schema=its moltmarket"
    with MarketRecorder(ann) as recorder:
        with pytest.raises(RecordingError, match="permission denied for table"):
            recorder.begin_run("v1", seed=1)
    bob = sa.make_url(server.url(database, "bob")).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(bob)
    try:
        for statement in ("DROP TABLE {}.trades", "ALTER TABLE {}.trades ADD more int"):
            with pytest.raises(sa.exc.ProgrammingError, match="must be owner"):
                with engine.begin() as connection:
                    connection.exec_driver_sql(statement.format('"its vmt"'))
    finally:
        engine.dispose()


def test_who_may_not_make_the_tables_of_experiments_is_told_who_may(
    server: Server, database: str
) -> None:
    owner, bob = (f"{server.url(database, u)}&schema=its vmt" for u in ("postgres", "bob"))
    with VmtRecorder(bob) as recorder:
        with pytest.raises(RecordingError, match="no tables for experiments yet") as refusal:
            recorder.begin_experiment("searched")
        assert "\n" not in str(refusal.value)
        with VmtRecorder(owner) as its_owner:
            its_owner.begin_experiment("first").finish()
        granted = re.search(r"grant (.*) on (.*)\.$", str(refusal.value).replace(" and", ","))
        assert granted is not None
        what, tables = granted.groups()
        named = ", ".join(f'"its vmt".{table}' for table in tables.split(", "))
        server.run(database, f"GRANT {what} ON {named} TO lab_recorder")
        with recorder.begin_experiment("searched") as experiment:
            experiment.log_iteration(0, {"beta": 1})
            begun = recorder.begin_run("r", experiment=experiment, iteration=0)
            begun.end_tick(0)
            begun.finish()


def test_a_recorder_makes_the_schema_that_its_url_names(server: Server) -> None:
    url = f"{server.create()}&schema=a new one"
    with VmtRecorder(url) as recorder, recorder.begin_run("first") as run:
        run.end_tick(0)
    with opened(url) as source:
        assert [run.name for run in source.ask(RunsQuery()).runs] == ["first"]
    kept = server.run(parse_location(url).name, "SELECT count(*) FROM pg_tables "
                      "WHERE schemaname = 'public'")  # fmt: skip
    assert kept.strip() == "0"


def test_what_a_role_may_not_read_is_not_recorded_to_it_and_named(server: Server) -> None:
    url = server.create(moltmarket.write_sql(moltmarket.small_market()))
    name, tables = parse_location(url).name, ("runs", "agents", "orders", "events")
    server.run(name, "CREATE ROLE carl LOGIN")
    for table in tables:
        server.run(name, f"GRANT SELECT ON {table} TO carl")
    with opened(server.url(name, "carl")) as source:
        [run] = source.ask(RunsQuery()).runs
        assert source.ask(TableQuery(run.run_id, "trades")).rows == ()
        assert "You may not read trades, which is as if not" in source.identity.notes[0]
    server.run(name, "GRANT SELECT (run_id, id, tick_id, price) ON trades TO carl")
    with opened(f"{server.url(name, 'carl')}&target_session_attrs=read-write") as source:
        page = source.ask(TableQuery(run.run_id, "trades", ("tick_id", "price", "quantity")))
        assert page.rows == ((1, Decimal("101.00000000"), None),)
        assert "trades.quantity" in source.identity.notes[0]
    server.run(name, f"REVOKE SELECT ON {', '.join(tables)}, trades FROM carl")
    server.run(name, "REVOKE SELECT (run_id, id, tick_id, price) ON trades FROM carl")
    with pytest.raises(SourceError, match=r"permission denied .*; ask its owner for SELECT"):
        with opened(server.url(name, "carl")) as source:
            source.ask(RunsQuery())


def test_a_schema_of_which_a_role_may_read_nothing_is_no_choice(server: Server) -> None:
    url = server.create(moltmarket.write_sql(moltmarket.small_market()))
    name = parse_location(url).name
    listed = server.run(name, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    copies = (f"CREATE TABLE theirs.{t} AS SELECT * FROM public.{t}" for t in listed.split())
    server.run(name, "; ".join(("CREATE SCHEMA theirs", *copies)))
    server.run(
        name,
        "ALTER SCHEMA public RENAME TO ours; CREATE ROLE dora LOGIN; "
        "GRANT USAGE ON SCHEMA ours, theirs TO dora; "
        "GRANT SELECT ON ALL TABLES IN SCHEMA ours TO dora; REVOKE SELECT ON ours.trades FROM dora",
    )
    with pytest.raises(SourceError, match=r"several schemas \(ours, theirs\)"), opened(url):
        pass
    with opened(server.url(name, "dora")) as source:
        assert len(source.ask(RunsQuery()).runs) == 1
        assert (
            source.identity.notes[0] == "You may not read trades, which is as if not recorded; "
            "its owner can GRANT SELECT."
        )
        assert "The tables of the schema ours are shown." in source.identity.notes
