"""Databases of tools that are no family of this program, in those tools' own table definitions.

Copied from what `real_tools.py` records with the real packages (Mesa 3.3 with pandas, MLflow
3.17, Optuna 5.0), and a market whose tables nobody else has.
"""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

MESA = """
CREATE TABLE IF NOT EXISTS "model_vars" (
"Step" INTEGER,
  "Gini" REAL
);
CREATE INDEX "ix_model_vars_Step"ON "model_vars" ("Step");
CREATE TABLE IF NOT EXISTS "agent_vars" (
"Step" INTEGER,
  "AgentID" INTEGER,
  "Wealth" INTEGER
);
CREATE INDEX "ix_agent_vars_Step_AgentID"ON "agent_vars" ("Step","AgentID");
"""
MESA_BATCH = """
CREATE TABLE IF NOT EXISTS "results" (
"RunId" INTEGER,
  "iteration" INTEGER,
  "Step" INTEGER,
  "n" INTEGER,
  "seed" INTEGER,
  "Gini" REAL,
  "AgentID" INTEGER,
  "Wealth" INTEGER
);
"""
MLFLOW = """
CREATE TABLE IF NOT EXISTS "experiments" (
	experiment_id INTEGER NOT NULL, name VARCHAR(256) NOT NULL, artifact_location VARCHAR(256),
	lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT,
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL,
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id),
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')),
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
CREATE INDEX idx_experiments_workspace ON experiments (workspace);
CREATE TABLE IF NOT EXISTS "runs" (
	run_uuid VARCHAR(32) NOT NULL, name VARCHAR(250), source_type VARCHAR(20),
	source_name VARCHAR(500), entry_point_name VARCHAR(50), user_id VARCHAR(256),
	status VARCHAR(9), start_time BIGINT, end_time BIGINT, source_version VARCHAR(50),
	lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200), experiment_id INTEGER,
	deleted_time BIGINT, CONSTRAINT run_pk PRIMARY KEY (run_uuid),
	CONSTRAINT source_type CHECK (
		source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')),
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')),
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id),
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
CREATE TABLE IF NOT EXISTS "metrics" (
	"key" VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,
	run_uuid VARCHAR(32) NOT NULL, step BIGINT DEFAULT '0' NOT NULL,
	is_nan BOOLEAN DEFAULT '0' NOT NULL,
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan),
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), CHECK (is_nan IN (0, 1))
);
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, "key", step);
CREATE TABLE IF NOT EXISTS "latest_metrics" (
	"key" VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT, step BIGINT NOT NULL,
	is_nan BOOLEAN NOT NULL, run_uuid VARCHAR(32) NOT NULL,
	CONSTRAINT latest_metric_pk PRIMARY KEY ("key", run_uuid),
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), CHECK (is_nan IN (0, 1))
);
CREATE INDEX index_latest_metrics_run_uuid ON latest_metrics (run_uuid);
CREATE TABLE IF NOT EXISTS "params" (
	"key" VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL, run_uuid VARCHAR(32) NOT NULL,
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid),
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
"""
OPTUNA = """
CREATE TABLE studies (
	study_id INTEGER NOT NULL, study_name VARCHAR(512) NOT NULL, PRIMARY KEY (study_id)
);
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, number INTEGER, study_id INTEGER, state VARCHAR(8) NOT NULL,
	datetime_start DATETIME, datetime_complete DATETIME, PRIMARY KEY (trial_id),
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, trial_id INTEGER, param_name VARCHAR(512), param_value FLOAT,
	distribution_json TEXT, PRIMARY KEY (param_id), UNIQUE (trial_id, param_name),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL,
	step INTEGER NOT NULL, intermediate_value FLOAT, intermediate_value_type VARCHAR(7) NOT NULL,
	PRIMARY KEY (trial_intermediate_value_id), UNIQUE (trial_id, step),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
"""
MARKET = """
CREATE TABLE simulation (id INTEGER PRIMARY KEY, title TEXT, seed INTEGER, api_key TEXT);
CREATE TABLE households (
	simulation_id INTEGER REFERENCES simulation (id), day INTEGER, household TEXT,
	cash REAL, bread INTEGER, mood TEXT, x REAL, y REAL
);
CREATE TABLE phases (simulation_id INTEGER REFERENCES simulation (id), day INTEGER, regime TEXT);
CREATE TABLE deals (
	id INTEGER PRIMARY KEY, simulation_id INTEGER REFERENCES simulation (id), day INTEGER,
	buyer TEXT, seller TEXT, price REAL, quantity INTEGER, item TEXT
);
CREATE TABLE attempts (
	id INTEGER PRIMARY KEY, simulation_id INTEGER REFERENCES simulation (id), day INTEGER,
	buyer TEXT, seller TEXT, price REAL, outcome TEXT, reason TEXT
);
CREATE TABLE happenings (
	id INTEGER PRIMARY KEY, simulation_id INTEGER REFERENCES simulation (id), day INTEGER,
	event TEXT, household TEXT, details TEXT
);
"""
SECRET = "sk-do-not-show"
NAMES = ("Ann", "Bob", "Eve")


def _made(path: Path, ddl: str, rows: dict[str, list[tuple[object, ...]]]) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(ddl)
    for table, values in rows.items():
        if values:
            marks = ", ".join("?" * len(values[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
    connection.commit()
    connection.close()
    return path


def mesa(path: Path, agents: int = 3, steps: int = 5) -> Path:
    """One run: Gini is step / 10, the wealth of agent a at step s is a + s."""
    people = [(s, a, a + s) for s in range(steps) for a in range(agents)]
    rows = {"model_vars": [(s, s / 10) for s in range(steps)], "agent_vars": people}
    return _made(path, MESA, rows)  # type: ignore[arg-type]


def mesa_batch(path: Path) -> Path:
    """Four runs: n is 2 or 4, seeds 1 and 2; the wealth of all is n × 10 + seed."""
    runs = [(n, seed) for n in (2, 4) for seed in (1, 2)]
    rows = [
        (run, 0, step, n, seed, step / 10, agent, n * 10 + seed)
        for run, (n, seed) in enumerate(runs)
        for step in range(3)
        for agent in range(n)
    ]
    return _made(path, MESA_BATCH, {"results": rows})  # type: ignore[dict-item]


def mlflow(path: Path) -> Path:
    """Two runs of the experiment "descent": the loss of run r at step s is r × 100 − s; at step 3
    it is no number. Accuracy is measured at every second step."""
    runs, metrics, latest, params = [], [], [], []
    for number, name in ((1, "slow"), (2, "fast")):
        uuid = f"{number:032x}"
        start = 1_700_000_000_000 + number
        runs.append((uuid, name, "LOCAL", "", "", "ann", "FINISHED", start, start + 1000, "",
                     "active", "/tmp", 7, None))  # fmt: skip
        for step in range(6):
            none = step == 3
            metrics.append(
                ("loss", 0.0 if none else number * 100.0 - step, start, uuid, step, none)
            )
            if step % 2 == 0:
                metrics.append(("accuracy", step / 10, start, uuid, step, False))
        latest += [("loss", number * 100.0 - 5, start, 5, False, uuid),
                   ("accuracy", 0.4, start, 4, False, uuid)]  # fmt: skip
        params += [("rate", f"0.{number}", uuid), ("optimizer", "sgd", uuid),
                   ("api_token", SECRET, uuid)]  # fmt: skip
    rows = {
        "experiments": [(7, "descent", "/tmp", "active", 1, 2, "default")], "runs": runs,
        "metrics": metrics, "latest_metrics": latest, "params": params,
        "alembic_version": [("abc",)],
    }  # fmt: skip
    return _made(path, MLFLOW, rows)


def optuna(path: Path) -> Path:
    """Two trials of a study, three values on the way each."""
    rows: dict[str, list[tuple[object, ...]]] = {
        "studies": [(1, "parabola")],
        "trials": [(t, t - 1, 1, "COMPLETE", "2026-01-01 00:00:00", None) for t in (1, 2)],
        "trial_params": [(t, t, "x", t / 2, "{}") for t in (1, 2)],
        "trial_intermediate_values": [
            (10 * t + s, t, s, t + s / 10, "FINITE") for t in (1, 2) for s in range(3)
        ],
    }
    return _made(path, OPTUNA, rows)


def market(path: Path, days: int = 6) -> Path:
    """Two simulations of three households. Each day Ann buys bread of Bob at day + 1, and Eve fails
    to: "too dear" on even days, "no bread" on odd ones. The regime changes on day 3."""
    rows: dict[str, list[tuple[object, ...]]] = {
        "simulation": [(1, "calm", 11, SECRET), (2, "wild", 12, SECRET)],
        "households": [
            (run, day, name, 10.0 * i + day, 5 - i, "glad" if i else "sad", i, day)
            for run in (1, 2) for day in range(days) for i, name in enumerate(NAMES)
        ],
        "phases": [(r, d, "barter" if d < 3 else "money") for r in (1, 2) for d in range(days)],
        "deals": [(r * 100 + d, r, d, "Ann", "Bob", d + 1.0, 2, "bread")
                  for r in (1, 2) for d in range(days)],
        "attempts": [
            row for r in (1, 2) for d in range(days) for row in (
                (r * 100 + 2 * d, r, d, "Ann", "Bob", d + 1.0, "success", None),
                (r * 100 + 2 * d + 1, r, d, "Eve", "Bob", 9.0, "failed",
                 "no bread" if d % 2 else "too dear"),
            )
        ],
        "happenings": [(r * 100 + d, r, d, "rain" if d % 2 else "sun", "Ann", '{"mm": 3}')
                       for r in (1, 2) for d in range(days)],
    }  # fmt: skip
    return _made(path, MARKET, rows)


def as_sql(path: Path) -> str:
    """A SQLite database as a script that a server understands."""
    connection = sqlite3.connect(path)
    lines = [line.replace("BEGIN TRANSACTION;", "") for line in connection.iterdump()]
    connection.close()
    bare = [
        re.sub(r'^(INSERT INTO )"(\w+)"', r"\1\2", line)
        if line.startswith("INSERT")
        else line.replace('"', "")
        for line in lines
        if line != "COMMIT;"
    ]
    return "\n".join(bare).replace("REFERENCES simulation (id)", "")


def copy_to(path: Path, target: Any) -> None:
    """Copy every table to a DuckDB connection."""
    connection = sqlite3.connect(path)
    for name, ddl in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"):
        target.execute(ddl)
        rows = connection.execute(f"SELECT * FROM {name}").fetchall()
        marks = ", ".join("?" * len(rows[0]))
        target.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # type: ignore[attr-defined]
    connection.close()


TRACKER = """
CREATE TABLE history (run TEXT, step INTEGER, metrics {kind});
"""


def tracker(path: Path, steps: int = 12, *, kind: str = "TEXT") -> Path:
    """A tracker that logs an object of metrics a step: `loss` 1/step, `sys.gpu` = step, and
    `val.loss` (a key with a dot) 0 at every fourth step alone. At step 3 the loss is no number;
    In a column of texts it is NaN at step 5, and step 6 is no JSON.
    """
    broken = kind == "TEXT"
    rows: list[tuple[object, ...]] = []
    for run, step in ((run, step) for run in "ab" for step in range(1, steps + 1)):
        found: dict[str, Any] = {"loss": 1 / step, "sys": {"gpu": step}, "note": "x", "ok": True}
        found |= {"val.loss": 0} if step % 4 == 0 else {}
        found |= {"loss": "none"} if step == 3 else {}
        found |= {"loss": float("nan")} if broken and step == 5 else {}
        rows.append((run, step, "{no" if broken and step == 6 else json.dumps(found)))
    return _made(path, TRACKER.format(kind=kind), {"history": rows})
