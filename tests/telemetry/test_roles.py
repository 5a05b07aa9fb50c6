"""A database of no known family is read by roles: proposed, drawn, counted, and never changed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

import telemetry
from telemetry import queries as q
from telemetry.concepts import TickRange
from telemetry.errors import RequestError, UnknownFamilyError
from telemetry.export import write_run
from telemetry.filters import Filter
from telemetry.roles.mapping import Mapping, TableRoles, from_json, to_json
from tests.builders import other_tools
from tests.builders.postgresql import Server
from tests.builders.questions import ask_everything
from tests.builders.traces import traces

RUN = f"{1:032x}"
Opened = Callable[..., telemetry.Source]


@pytest.fixture
def opened() -> Iterator[Opened]:
    sources: list[telemetry.Source] = []

    def open_it(location: object, **how: object) -> telemetry.Source:
        sources.append(telemetry.open_source(location, **how))  # type: ignore[arg-type]
        return sources[-1]

    yield open_it
    for source in sources:
        source.close()


def _roles(source: telemetry.Source, table: str) -> tuple[str, dict[str, str]]:
    read = source.by_roles
    assert read is not None
    own = read.mapping.tables[table]
    return own.kind, dict(own.columns)


def test_the_tables_of_an_agent_based_model_become_measures_of_agents_and_of_the_run(
    opened: Opened, tmp_path: Path
) -> None:
    source = opened(other_tools.mesa(tmp_path / "mesa.db"))
    assert _roles(source, "agent_vars") == (
        "states", {"Step": "tick", "AgentID": "agent", "Wealth": "measure"},
    )  # fmt: skip
    assert _roles(source, "model_vars") == ("states", {"Step": "tick", "Gini": "measure"})
    (run,) = source.ask(q.RunsQuery()).runs
    assert (run.name, run.ticks) == ("mesa.db", TickRange(0, 4))
    wealth = source.ask(q.SeriesQuery(run.run_id, "Wealth")).lines
    assert {line.agent_id: list(line.value) for line in wealth} == {
        0: [0, 1, 2, 3, 4], 1: [1, 2, 3, 4, 5], 2: [2, 3, 4, 5, 6],
    }  # fmt: skip
    (gini,) = source.ask(q.SeriesQuery(run.run_id, "Gini")).lines
    assert list(gini.value) == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert [a.agent_id for a in source.ask(q.AgentsQuery(run.run_id))] == [0, 1, 2]
    assert "no known family" in source.identity.notes[0]


def test_a_batch_of_runs_in_one_table_is_told_apart_and_says_what_each_run_was_set_to(
    opened: Opened, tmp_path: Path
) -> None:
    source = opened(other_tools.mesa_batch(tmp_path / "batch.db"))
    kind, roles = _roles(source, "results")
    assert (kind, roles["RunId"], roles["n"], roles["seed"]) == (
        "states", "run", "parameter", "parameter",
    )  # fmt: skip
    assert (roles["Gini"], roles["Wealth"]) == ("run_measure", "parameter")  # as planted: constant
    runs = source.ask(q.RunsQuery()).runs
    assert [(r.fields["n"], r.fields["seed"]) for r in runs] == [(2, 1), (2, 2), (4, 1), (4, 2)]
    (gini,) = source.ask(q.SeriesQuery(2, "Gini")).lines
    assert list(gini.value) == [0.0, 0.1, 0.2]


def test_named_values_of_an_experiment_tracker_become_measures_and_columns_of_runs(
    opened: Opened, tmp_path: Path
) -> None:
    source = opened(other_tools.mlflow(tmp_path / "mlflow.db"))
    assert source.by_roles is not None
    kinds = {name: own.kind for name, own in source.by_roles.mapping.tables.items()}
    assert kinds == {
        "runs": "runs", "metrics": "values", "latest_metrics": "values", "params": "values",
        "experiments": "other", "alembic_version": "left out",
    }  # fmt: skip
    assert [m.name for m in source.measures] == ["loss", "accuracy"]
    (loss,) = source.ask(q.SeriesQuery(RUN, "loss")).lines
    assert list(loss.tick) == [0, 1, 2, 3, 4, 5]
    assert list(loss.value[:3]) == [100, 99, 98]
    assert np.isnan(loss.value[3])  # MLflow writes 0 there, and that it is none
    (accuracy,) = source.ask(q.SeriesQuery(RUN, "accuracy")).lines
    assert list(accuracy.tick) == [0, 2, 4]
    first, second = source.ask(q.RunsQuery()).runs
    assert (first.name, first.status, first.experiment_id) == ("slow", "FINISHED", "descent")
    assert (str(second.fields["rate"]), second.fields["loss"]) == ("0.2", 195.0)
    assert first.fields["start_time"] == "2023-11-14T22:13:20"
    assert "metrics #0" not in [table.name for table in source.tables]


def test_names_of_values_are_found_in_a_long_table_without_an_index(
    opened: Opened, tmp_path: Path
) -> None:
    connection = sqlite3.connect(tmp_path / "long.db")
    connection.execute("CREATE TABLE metrics (step INT, name TEXT, value REAL)")
    rows = [(i, name, i / 2) for name in ("loss", "early", "late") for i in range(500)]
    connection.executemany("INSERT INTO metrics VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    source = opened(tmp_path / "long.db")
    assert [m.name for m in source.measures] == ["loss", "late", "early"]
    (line,) = source.ask(q.SeriesQuery(1, "early")).lines
    assert (line.tick.size, line.value[-1]) == (500, 249.5)
    assert len(source.identity.notes) == 1


def test_trials_of_an_optimiser_are_runs_of_their_study(opened: Opened, tmp_path: Path) -> None:
    source = opened(other_tools.optuna(tmp_path / "optuna.db"))
    runs = source.ask(q.RunsQuery()).runs
    assert [(r.run_id, r.experiment_id, r.fields["x"]) for r in runs] == [
        (1, "parabola", 0.5), (2, "parabola", 1.0),
    ]  # fmt: skip
    (line,) = source.ask(q.SeriesQuery(2, "intermediate_value")).lines
    assert list(line.value) == [2.0, 2.1, 2.2]


@pytest.fixture(scope="module")
def market_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return other_tools.market(tmp_path_factory.mktemp("market") / "market.db")


def test_trades_attempts_states_and_events_are_found_by_their_roles(
    opened: Opened, market_db: Path
) -> None:
    source = opened(market_db)
    roles = {t.name: t.role for t in source.tables}
    assert roles == {
        "simulation": "runs", "households": "states", "phases": None, "deals": "trades",
        "attempts": "attempts", "happenings": "events",
    }  # fmt: skip
    summary = source.ask(q.SummaryQuery(2, "deals"))
    assert summary.groups == (("bread", 6, 12, 3.5),)
    failed = q.Where((Filter.parse("outcome", "failed"),))
    assert dict(source.ask(q.FacetQuery(2, "attempts", "reason", failed)).values) == {
        "too dear": 3, "no bread": 3,
    }  # fmt: skip
    (lane,) = source.ask(q.TimelineQuery(2)).lanes
    assert (lane.label, lane.state, list(lane.first)) == ("regime", ("barter", "money"), [0, 3])
    flows = source.ask(q.FlowsQuery(1, "paid"))
    assert [(flows.agents[g], flows.agents[t], a) for g, t, a in zip(
        flows.giver, flows.taker, flows.amount, strict=True)] == [("Ann", "Bob", 42.0)]  # fmt: skip
    assert source.ask(q.SceneQuery(1, 4)).agents[2].y == 4


def test_what_may_be_secret_is_in_no_answer(
    opened: Opened, tmp_path: Path, market_db: Path
) -> None:
    for path in (market_db, other_tools.mlflow(tmp_path / "mlflow.db")):
        source = opened(path)
        told = [repr(source.ask(q.RunsQuery())), repr(source.tables)]
        told += [repr(source.ask(q.RunQuery(r.run_id))) for r in source.ask(q.RunsQuery()).runs]
        assert not any(other_tools.SECRET in text for text in told)
    with pytest.raises(RequestError):
        opened(market_db).ask(q.TableQuery(1, "simulation", ("api_key",)))


def test_rules_that_follow_from_roles_find_what_was_planted(opened: Opened, tmp_path: Path) -> None:
    path = other_tools.market(tmp_path / "market.db")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE deals SET buyer = 'Bob' WHERE id = 102")
        connection.execute("UPDATE deals SET quantity = -1 WHERE id = 103")
        connection.execute("UPDATE attempts SET day = NULL WHERE id = 105")
        connection.execute("INSERT INTO households SELECT * FROM households WHERE rowid = 5")
    connection.close()
    verdicts = opened(path).ask(q.AuditQuery(1)).verdicts
    faults = {v.rule.name: v.faults for v in verdicts if v.faults}
    assert faults == {
        "deals: sides": 1, "deals: quantity": 1, "attempts: ticks": 1, "households: once": 1,
    }  # fmt: skip
    assert opened(path).ask(q.AuditQuery(2)).sound


@pytest.mark.parametrize("engine", ["DuckDB", "files", "PostgreSQL"])
def test_other_engines_give_the_same_answers(
    opened: Opened, tmp_path: Path, market_db: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    lite = opened(market_db)
    names = [t.name for t in lite.tables]
    place: object = tmp_path / "market.duckdb"
    if engine == "PostgreSQL":
        server: Server = request.getfixturevalue("server")
        place = server.create(other_tools.as_sql(market_db))
    else:
        with duckdb.connect(str(place)) as connection:
            other_tools.copy_to(market_db, connection)
            if engine == "files":
                (tmp_path / "market").mkdir()
                for name in names:
                    file = tmp_path / "market" / f"{name}.csv"
                    connection.execute(f"COPY {name} TO '{file}' (HEADER)")
        place = tmp_path / "market" if engine == "files" else place
    source = opened(place)
    assert source.identity.engine == engine
    assert {t.name: t.role for t in source.tables} == {t.name: t.role for t in lite.tables}
    for query in (
        q.SeriesQuery(2, "cash"), q.TimelineQuery(2), q.SummaryQuery(2, "deals"),
        q.AuditQuery(2), q.FacetQuery(2, "attempts", "reason"),
    ):  # fmt: skip
        assert repr(source.ask(query)) == repr(lite.ask(query))


@pytest.mark.parametrize("engine", ["SQLite", "DuckDB", "PostgreSQL"])
def test_numbers_in_an_object_a_row_become_measures_and_a_missing_key_is_no_zero(
    opened: Opened, tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    broken = engine != "PostgreSQL"  # of which only columns of JSON are looked into
    lite = place = other_tools.tracker(tmp_path / "t.db", kind="TEXT" if broken else "JSON")
    if engine == "PostgreSQL":
        place = request.getfixturevalue("server").create(other_tools.as_sql(lite))
    elif engine == "DuckDB":
        place = tmp_path / "t.duckdb"
        with duckdb.connect(str(place)) as connection:
            other_tools.copy_to(lite, connection)
    source = opened(place)
    names = ("metrics.loss", "metrics.sys.gpu", "metrics.val.loss")
    assert _roles(source, "history") == (
        "states",
        {"run": "run", "step": "tick", "metrics": "payload", **dict.fromkeys(names, "measure")},
    )
    assert [m.name for m in source.measures] == list(names)

    def values(name: str) -> dict[int, float | None]:
        (line,) = source.ask(q.SeriesQuery("b", name)).lines
        told = zip(line.tick.tolist(), line.value.tolist(), strict=True)
        return {tick: None if np.isnan(value) else value for tick, value in told}

    lost = {3, 5, 6} if broken else {3}
    assert values("metrics.loss") == {n: None if n in lost else 1 / n for n in range(1, 13)}
    gone = {6} if broken else set()
    assert values("metrics.sys.gpu") == {n: None if n in gone else n for n in range(1, 13)}
    assert values("metrics.val.loss") == {n: None if n % 4 else 0 for n in range(1, 13)}


def test_a_key_that_roles_name_is_read_where_it_is_and_not_recorded_where_it_is_not(
    opened: Opened, tmp_path: Path
) -> None:
    own = {"run": "run", "step": "tick", "metrics.sys.gpu": "measure", "metrics.gone": "measure"}
    given = from_json(to_json(Mapping({"history": TableRoles("states", own)})), "a file")
    assert given.tables["history"].columns == own
    source = opened(other_tools.tracker(tmp_path / "t.db"), roles=given)
    assert [m.name for m in source.measures] == ["metrics.sys.gpu", "metrics.gone"]
    series = source.ask(q.SeriesQuery("a", "metrics.gone"))
    assert not series.measure.recorded
    page = source.ask(q.TableQuery("a", "history", ("step", "metrics.sys.gpu", "metrics.gone")))
    assert page.rows[3] == (4, 4.0, None)
    where = q.Where((Filter.parse("metrics.sys.gpu", ">10"),))
    assert source.ask(q.CountQuery("a", "history", where)) == 2
    with pytest.raises(RequestError, match="no such column"):
        source.read_by(Mapping({"history": TableRoles("states", {"step": "tick", "x.y": "x"})}))


def test_files_of_one_header_are_runs_of_one_table(opened: Opened, tmp_path: Path) -> None:
    for number in (1, 2):
        rows = "".join(f"{step},{number * 10 + step}\n" for step in range(3))
        (tmp_path / f"seed-{number}.csv").write_text("step,output\n" + rows)
    source = opened(tmp_path)
    assert [r.run_id for r in source.ask(q.RunsQuery()).runs] == ["seed-1", "seed-2"]
    (line,) = source.ask(q.SeriesQuery("seed-2", "output")).lines
    assert list(line.value) == [20, 21, 22]
    single = opened(tmp_path / "seed-1.csv")
    (line,) = single.ask(q.SeriesQuery(1, "output")).lines
    assert list(line.value) == [10, 11, 12]


_ODD = """
CREATE TABLE "ru""ns; DROP TABLE x; --" ("i'd" INTEGER PRIMARY KEY, "100%" REAL, "a.b" TEXT);
INSERT INTO "ru""ns; DROP TABLE x; --" VALUES (1, 5.5, 'x'), (2, 1, '<b>');
CREATE TABLE "шаги ☃ 'q'" ("run id" INT, step INT, "agent.name" TEXT, "%s" REAL, ":p" REAL, "" INT);
INSERT INTO "шаги ☃ 'q'" VALUES (1, 0, 'A b', 1, 2, 3), (1, 1, 'A b', 2, 3, 4),
  (2, 0, '''; --', 3, 4, 5);
CREATE TABLE pictures (step INT, agent INT, data BLOB, mixed);
INSERT INTO pictures VALUES (0, 1, zeroblob(2000000), 'x'), (1, 1, NULL, 1),
  (NULL, NULL, x'00', x'ff');
CREATE TABLE keyed (step INT, agent INT, v REAL, PRIMARY KEY (step, agent)) WITHOUT ROWID;
INSERT INTO keyed VALUES (0, 1, 2.5), (1, 1, 3.5);
CREATE VIEW broken AS SELECT * FROM nowhere;
CREATE VIEW doubled AS SELECT step, v * 2 AS twice FROM keyed;
"""


def test_odd_names_blobs_and_views_are_read_and_nothing_is_changed(
    opened: Opened, tmp_path: Path
) -> None:
    path = tmp_path / "odd.db"
    connection = sqlite3.connect(path)
    connection.executescript(_ODD)
    connection.close()
    before = traces(tmp_path)
    source = opened(path)
    runs = source.ask(q.RunsQuery()).runs
    assert [run.run_id for run in runs] == [1, 2]
    ask_everything(source, 1)
    lines = source.ask(q.SeriesQuery(1, "%s")).lines
    assert [(line.agent_id, list(line.value)) for line in lines] == [("A b", [1, 2])]
    assert traces(tmp_path) == before


def test_a_database_without_tables_is_still_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "empty.db")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("DROP TABLE t")
    connection.close()
    with pytest.raises(UnknownFamilyError, match="no tables at all"):
        telemetry.open_source(tmp_path / "empty.db")


def test_roles_that_do_not_fit_are_refused_and_the_old_ones_stay(
    opened: Opened, market_db: Path
) -> None:
    source = opened(market_db)
    for roles, said in (
        ({"deals": TableRoles("states", {"price": "measure"})}, "deals has no tick column"),
        ({"deals": TableRoles("trades", {"cost": "price"})}, "cost of deals .* no such column"),
        ({"goods": TableRoles("other", {})}, "table goods, which this database lacks"),
        ({"deals": TableRoles("trades", {"day": "tick", "id": "tick"})}, "both the tick"),
    ):
        with pytest.raises(RequestError, match=said):
            source.read_by(Mapping(roles))
    assert source.table_with_role("trades") is not None
    with pytest.raises(RequestError, match="needs no roles"):
        telemetry.open_source(_vmt(market_db.parent), roles=Mapping({}))


def _vmt(folder: Path) -> Path:
    from tests.builders import vmt

    path = folder / "known.db"
    return path if path.exists() else vmt.build("barter", path)


def test_a_copy_that_grew_is_read_anew_by_the_same_roles(
    opened: Opened, tmp_path: Path, market_db: Path
) -> None:
    path = shutil.copy(market_db, tmp_path / "copy.db")
    source = opened(path)
    mapping = {"households": TableRoles("states", {
        "simulation_id": "run", "day": "tick", "household": "agent", "bread": "measure",
        "cash": "secret"})}  # fmt: skip
    source.read_by(Mapping(mapping))
    assert [m.name for m in source.measures] == ["bread"]
    assert source.table("households").column("cash") is None
    assert [r.run_id for r in source.ask(q.RunsQuery()).runs] == [1, 2]


def test_a_table_whose_name_is_a_path_is_exported_into_the_folder_asked_for(
    opened: Opened, tmp_path: Path
) -> None:
    connection = sqlite3.connect(tmp_path / "evil.db")
    for name in ("../../evil", "a/b", "a?b"):
        connection.execute(f'CREATE TABLE "{name}" (step INT, v REAL)')
        connection.execute(f'INSERT INTO "{name}" VALUES (0, 1.5)')
    connection.commit()
    connection.close()
    out = tmp_path / "deep" / "er" / "out"
    out.parent.mkdir(parents=True)
    write_run(opened(tmp_path / "evil.db"), 1, out)
    written = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.csv")}
    assert written == {f"deep/er/out/{name}.csv" for name in ("_.._evil", "a_b", "a_b_")}
