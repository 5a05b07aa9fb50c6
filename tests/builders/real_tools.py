"""Databases of public tools, recorded with the real packages; no test needs them.

    python -m venv tools
    tools/bin/pip install mesa==3.3.1 networkx pandas mlflow-skinny==3.17.2 alembic optuna==5.0.0
    tools/bin/python tests/builders/real_tools.py FOLDER

The tables in `other_tools.py` are what these versions wrote.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

SEEDS = (1, 2, 3)


def boltzmann(folder: Path) -> None:
    """The Boltzmann wealth model of Mesa's tutorial: one run as SQLite and as CSV, a batch."""
    import mesa
    import pandas
    from mesa.examples.basic.boltzmann_wealth_model.model import BoltzmannWealth

    model = BoltzmannWealth(n=50, width=10, height=10, seed=SEEDS[0])
    for _ in range(200):
        model.step()
    tables = {
        "model_vars": model.datacollector.get_model_vars_dataframe().rename_axis("Step"),
        "agent_vars": model.datacollector.get_agent_vars_dataframe(),
    }
    (folder / "boltzmann_csv").mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(folder / "boltzmann.db") as connection:
        for name, frame in tables.items():
            frame.to_sql(name, connection, if_exists="replace")
            frame.to_csv(folder / "boltzmann_csv" / f"{name}.csv")
    results = mesa.batch_run(
        BoltzmannWealth,
        parameters={"n": [20, 40], "seed": list(SEEDS)},
        max_steps=50,
        data_collection_period=1,
        display_progress=False,
    )
    frame = pandas.DataFrame(results)
    frame.to_csv(folder / "boltzmann_batch.csv", index=False)
    with sqlite3.connect(folder / "boltzmann_batch.db") as connection:
        frame.to_sql("results", connection, if_exists="replace", index=False)


def tracked(folder: Path) -> None:
    """Four runs of a fit by gradient descent, tracked by MLflow into SQLite."""
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment("descent")
    for rate in (0.05, 0.1, 0.3, 1.05):
        with mlflow.start_run(run_name=f"rate-{rate}"):
            mlflow.log_params({"learning_rate": rate, "momentum": 0.0, "optimizer": "sgd"})
            mlflow.set_tag("purpose", "sweep")
            x = 4.0
            for step in range(60):
                x -= rate * 2 * x
                mlflow.log_metrics({"loss": x * x, "gradient": 2 * x}, step=step)
                if step % 10 == 9:
                    mlflow.log_metric("validation_loss", x * x + 0.1, step=step)


def optimised(folder: Path) -> None:
    """A study of 20 trials with values on the way and pruning, kept by Optuna in SQLite."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'optuna.db'}",
        study_name="parabola",
        sampler=optuna.samplers.TPESampler(seed=SEEDS[0]),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
    )

    def objective(trial: optuna.Trial) -> float:
        x, kind = trial.suggest_float("x", -4, 4), trial.suggest_categorical("kind", ["a", "b"])
        best = 100.0
        for step in range(15):
            best = min(best, (x - 2) ** 2 + (5.0 if kind == "b" else 0.0) + 10 / (step + 1))
            trial.report(best, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return best

    study.optimize(objective, n_trials=20)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    for record in (boltzmann, tracked, optimised):
        record(place)
