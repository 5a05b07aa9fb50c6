"""Proposals: what every table of an unknown database may hold, and what its columns may be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from telemetry.frozen import Frozen
from telemetry.roles.evidence import ColumnEvidence, TableEvidence
from telemetry.roles.guesses import SECRET_WORDS, Guess, guesses
from telemetry.roles.mapping import Mapping, TableRoles
from telemetry.roles.words import KINDS, LEFT_OUT, ONCE, PLAIN, ROLES_OF, parts_of

_HOUSEKEEPING = ("alembic_version", "schema_migrations", "django_migrations", "version_info",
                 "sqlite_sequence", "schema_version")  # fmt: skip
_TRADES = {"trade", "trades", "transaction", "transactions", "deal", "deals", "exchange",
           "exchanges", "payment", "payments", "transfer", "transfers", "sale",
           "sales"}  # fmt: skip
_ATTEMPTS = {"attempt", "attempts", "try", "tries", "rejection", "rejections", "failure",
             "failures", "negotiation", "negotiations", "offers"}  # fmt: skip
_EVENTS = {"event", "events", "log", "logs", "history", "action", "actions", "messages"}
_STATES = {"state", "states", "snapshot", "snapshots", "vars", "timeseries", "series", "history",
           "values", "metrics", "results", "stats"}  # fmt: skip
_SETTINGS = {"param", "params", "parameter", "parameters", "setting", "settings", "config",
             "hparams", "hyperparameters"}  # fmt: skip
_RUNS_NAMED = {"run": 3.0, "runs": 3.0, "simulation": 2.5, "simulations": 2.5, "trial": 2.0,
               "trials": 2.0, "session": 1.5, "sessions": 1.5, "experiment": 1.0,
               "experiments": 1.0, "study": 1.0, "studies": 1.0}  # fmt: skip


class TableProposal(Frozen):
    """What one table may hold and why; `columns` gives a guess for each of its columns.

    `told` are all guesses of each column, also those that do not suit this kind of table.
    """

    evidence: TableEvidence
    kind: str
    confidence: float
    reason: str
    columns: dict[str, Guess]
    told: dict[str, list[Guess]]

    def as_kind(self, kind: str) -> dict[str, Guess]:
        """The guesses for the columns if the table were of another kind."""
        return _chosen(self.evidence, self.told, kind)


class Proposal(Frozen):
    """What the tables of a database may be: tables that say more come first."""

    tables: tuple[TableProposal, ...]

    @property
    def mapping(self) -> Mapping:
        """The proposal as the mapping that it amounts to."""
        return Mapping(
            {
                t.evidence.name: TableRoles(
                    t.kind,
                    {name: g.role for name, g in t.columns.items() if g.role != PLAIN},
                )
                for t in self.tables
            }
        )

    def of(self, table: str) -> TableProposal | None:
        return next((t for t in self.tables if t.evidence.name == table), None)


def propose(tables: Sequence[TableEvidence]) -> Proposal:
    """A kind for every table and a role for every column, each with its reason."""
    runs = _runs_table(tables)
    found = [_proposed(table, runs) for table in tables]
    order = list(KINDS)
    found.sort(key=lambda t: (order.index(t.kind), -t.confidence, t.evidence.name.lower()))
    return Proposal(tuple(found))


def _runs_table(tables: Iterable[TableEvidence]) -> tuple[TableEvidence, str] | None:
    """The table that lists the runs, with its key: named so, and others refer to it."""
    listed = list(tables)
    best: tuple[float, TableEvidence, str] | None = None
    for table in listed:
        key = _own_key(table)
        score = max((_RUNS_NAMED.get(part, 0.0) for part in parts_of(table.name)), default=0.0)
        if key is None or not score or len(parts_of(table.name)) > 2:
            continue
        refers = sum(_run_column(other, table, key) is not None for other in listed
                     if other is not table)  # fmt: skip
        score = 2 * score + min(refers, 4)
        if refers and (best is None or score > best[0]):
            best = (score, table, key)
    return None if best is None else best[1:]


def _own_key(table: TableEvidence) -> str | None:
    if len(table.keys.primary) == 1:
        return table.keys.primary[0]
    singular = {part.rstrip("s") for part in parts_of(table.name)}
    for column in table.columns:
        parts = parts_of(column.name)
        named = parts == ("id",) or (set(parts) & singular and parts[-1] in ("id", "uuid"))
        if named and column.rows and not column.repeated and not column.nulls:
            return column.name
    return None


def _run_column(table: TableEvidence, runs: TableEvidence, key: str) -> Guess | None:
    """The column of `table` that says which run a row belongs to: its name is the reason's."""
    for column, (other, there) in table.keys.refers.items():
        if other == runs.name and there in (key, ""):
            return Guess(column, 0.98, f"refers to {runs.name}.{key}")
    own = runs.column(key)
    singular = runs.name.lower().rstrip("s")
    wanted = {key.lower(), f"{singular}_{key.lower()}", f"{singular}id", f"{singular}_uuid"}
    for column_ in table.columns:
        low = column_.name.lower()
        alike = own is None or not own.kind or not column_.kind or own.kind == column_.kind
        if low in wanted - {"id", "uuid", "name", "key"} and alike:
            return Guess(column_.name, 0.9, f"named as {runs.name}.{key} is")
    return None


def _proposed(table: TableEvidence, runs: tuple[TableEvidence, str] | None) -> TableProposal:
    known = {column.name: list(guesses(table, column)) for column in table.columns}
    own = False
    if runs is not None:
        own = runs[0] is table
        link = Guess(runs[1], 0.98, "its key") if own else _run_column(table, *runs)
        for name in known:  # a name alone says less than a table of runs
            known[name] = [g for g in known[name] if g.role != "run"]
        if link is not None:
            known[link.role] = [Guess("run", link.confidence, link.reason)]
    kind, confidence, reason = _kind(table, known, own)
    return TableProposal(table, kind, confidence, reason, _chosen(table, known, kind), known)


def _kind(
    table: TableEvidence, known: dict[str, list[Guess]], runs: bool
) -> tuple[str, float, str]:
    """What the table holds, how sure that is, and why."""
    words = set(parts_of(table.name))

    def sure(role: str, least: float = 0.5) -> bool:
        return any(
            g.role == role and g.confidence >= least for told in known.values() for g in told
        )

    if SECRET_WORDS & words:
        return LEFT_OUT, 0.9, f"named {table.name}: secrets are not shown"
    if table.name.lower() in _HOUSEKEEPING:
        return LEFT_OUT, 0.9, f"named {table.name}: a database's own housekeeping"
    if runs:
        return "runs", 0.95, "others refer to its key, and it is named so"
    if not table.columns or (table.complete and not table.rows):
        return "other", 0.9, "it has no rows" if table.columns else "it has no columns"
    if _is_long(table, known):
        return "values", 0.85, "a name and a value in each row"
    both = sure("buyer") and sure("seller")
    if words & _ATTEMPTS and (sure("result") or sure("reason")):
        return "attempts", 0.9, f"named {table.name}, with a result or a reason"
    if both and sure("result") and sure("reason"):
        return "attempts", 0.75, "two sides, a result and a reason"
    if words & _TRADES and (both or sure("price") or sure("amount") or sure("quantity")):
        return "trades", 0.9, f"named {table.name}, with amounts or prices"
    if both and (sure("price") or sure("quantity", 0.7)):
        return "trades", 0.8, "two sides with a price or a quantity"
    eventful = (sure("event") or words & _EVENTS) and (sure("event", 0.6) or sure("kind", 0.4))
    if sure("tick") and eventful and not (words & _STATES and sure("measure")):
        return "events", 0.75, "rows with a tick and a word for what happened"
    if sure("tick") and (sure("measure") or sure("state", 0.5) or sure("mode")):
        who = "each agent and tick" if sure("agent") else "each tick"
        return "states", 0.85, f"numbers or states in a row for {who}"
    if sure("tick") and (sure("event") or sure("kind", 0.4)):
        return "events", 0.6, "rows with a tick and a word"
    return "other", 0.5, "nothing in it has a tick" if not sure("tick") else "a tick, but no number"


def _is_long(table: TableEvidence, known: dict[str, list[Guess]]) -> bool:
    """A row for each value: what it is called in one column, what it is in another."""
    named = [n for n, told in known.items() for g in told if g.role == "measure_name"]
    valued = [n for n, told in known.items() for g in told if g.role == "value"]
    if not named or not valued:
        return False
    tied = any(g.role == "run" for told in known.values() for g in told)
    free = [c for c in table.columns if c.number and c.name not in valued]
    return tied or len(free) <= 2


def _chosen(table: TableEvidence, known: dict[str, list[Guess]], kind: str) -> dict[str, Guess]:
    """One guess a column, the surest first; a role of one column alone goes to the surest."""
    roles = ROLES_OF[kind]
    allowed = {name: [g for g in told if g.role in roles] for name, told in known.items()}
    pairs = [(g, name) for name, told in allowed.items() for g in told]
    if kind == "values" and _one_a_run(table, allowed):
        pairs = [(g, n) for g, n in pairs if g.role != "tick"]
    order = {column.name: i for i, column in enumerate(table.columns)}
    pairs.sort(key=lambda pair: (-pair[0].confidence, order[pair[1]]))
    found: dict[str, Guess] = {}
    taken: set[str] = set()
    for guess, name in pairs:
        if name in found or (guess.role in ONCE and guess.role in taken):
            continue
        found[name] = guess
        taken.add(guess.role)
    if kind == "states":
        found = {name: _of_whole_run(table, name, guess, found) for name, guess in found.items()}
    return {c.name: found.get(c.name, Guess(PLAIN, 0.0, _plain(c))) for c in table.columns}


def _of_whole_run(table: TableEvidence, name: str, guess: Guess, found: dict[str, Guess]) -> Guess:
    """A number that is the same in all rows of a run, or of a tick, is no agent's own."""
    place = {g.role: n for n, g in found.items() if g.role in ("run", "tick", "agent")}
    known = table.column(name)
    if guess.role != "measure" or known is None or known.of:
        return guess
    if "run" in place and table.same_within(name, place["run"]):
        return Guess("parameter", 0.7, "the same in every row of a run")
    if "run" in place and known.distinct == 1 and table.rows > 1:
        return Guess("parameter", 0.55, "the same in every row looked at")
    at = [place[role] for role in ("run", "tick") if role in place]
    if "agent" in place and table.same_within(name, *at):
        return Guess("run_measure", 0.7, "the same for every agent of a tick")
    return guess


def _one_a_run(table: TableEvidence, allowed: dict[str, list[Guess]]) -> bool:
    """Whether the keys let a name occur once a run: then a step beside it is no tick."""

    def surest(role: str) -> str | None:
        told = [(g.confidence, n) for n, gs in allowed.items() for g in gs if g.role == role]
        return max(told)[1] if told else None

    pair = {surest("run"), surest("measure_name")}
    return any(set(key) == pair for key in (table.keys.primary, *table.keys.unique))


def _plain(column: ColumnEvidence) -> str:
    if not column.rows:
        return "no rows to tell"
    if not column.kind:
        return "empty in every row looked at"
    return "nothing known"


def settings_table(name: str) -> bool:
    """Whether a table of named values says by its name that it holds what runs were set to."""
    return bool(_SETTINGS & set(parts_of(name)))
