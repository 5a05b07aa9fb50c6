"""Guesses: which roles a column may play, from its name, its type and its values, with reasons."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from telemetry.frozen import Frozen
from telemetry.roles.evidence import ColumnEvidence, TableEvidence
from telemetry.roles.words import SECRET, parts_of

IDS = frozenset(("id", "ids", "uuid", "guid", "no", "nr", "number", "index", "key", "name",
                 "file"))  # fmt: skip
RUN = frozenset(
    ("run", "runs", "runid", "simulation", "simulations", "sim", "trial", "trials", "replicate",
     "replication", "rep", "session", "sessions")
)  # fmt: skip
_TICK = {
    "tick": 0.95, "ticks": 0.9, "step": 0.95, "steps": 0.85, "timestep": 0.95, "t": 0.8,
    "round": 0.85, "period": 0.85, "turn": 0.8, "epoch": 0.85, "generation": 0.8, "day": 0.75,
    "week": 0.7, "month": 0.7, "year": 0.7, "iteration": 0.6, "iter": 0.6, "frame": 0.7,
    "time": 0.6, "schedule": 0.3,
}  # fmt: skip
_NO_TICK = frozenset(("total", "max", "min", "n", "num", "count", "last", "first", "start", "end",
                      "due", "created", "creation", "updated", "update", "deleted", "deletion",
                      "expires", "modified"))  # fmt: skip
_AGENT = frozenset(
    ("agent", "agents", "agentid", "player", "trader", "bank", "household", "firm", "investor",
     "individual", "person", "consumer", "producer", "worker", "owner", "entity", "account",
     "node", "bot", "ant", "sheep", "wolf", "cell", "vehicle")
)  # fmt: skip
_BUYER = frozenset(("buyer", "bidder", "purchaser", "receiver", "recipient", "payee", "taker"))
_SELLER = frozenset(("seller", "vendor", "asker", "sender", "payer", "giver", "maker"))
SECRET_WORDS = frozenset(("password", "passwd", "pwd", "passphrase", "secret", "secrets", "apikey",
                     "credential", "credentials", "token", "otp", "pin"))  # fmt: skip
_SECRET_PAIRS = (("api", "key"), ("private", "key"), ("access", "key"), ("auth", "key"),
                 ("key", "hash"), ("password", "hash"), ("secret", "key"))  # fmt: skip
_NAMED: tuple[tuple[str, frozenset[str], float], ...] = (
    ("price", frozenset(("price", "prices")), 0.9),
    ("quantity", frozenset(("quantity", "qty", "volume", "units", "shares", "size")), 0.85),
    ("amount", frozenset(("amount", "notional", "total", "payment", "sum")), 0.75),
)
_TEXTS: tuple[tuple[str, frozenset[str], float], ...] = (
    ("mode", frozenset(("mode",)), 0.9),
    ("regime", frozenset(("regime",)), 0.9),
    ("result", frozenset(("result", "outcome", "success", "succeeded", "accepted", "passed",
                          "ok")), 0.85),
    ("reason", frozenset(("reason", "cause", "why", "error", "message")), 0.85),
    ("event", frozenset(("event", "action")), 0.85),
    ("direction", frozenset(("direction", "side")), 0.85),
    ("pair", frozenset(("pair", "market", "instrument", "symbol", "good", "asset", "item")), 0.7),
    ("state", frozenset(("state", "phase", "condition", "strategy", "behaviour", "behavior")),
     0.75),
    ("kind", frozenset(("type", "kind", "category", "class", "breed", "species")), 0.7),
    ("status", frozenset(("status", "state", "stage")), 0.7),
    ("counterparty", frozenset(("counterparty", "partner", "other", "target", "opponent")), 0.8),
)  # fmt: skip
_RUN_ROW: tuple[tuple[str, frozenset[str], float], ...] = (
    ("name", frozenset(("name", "title", "label", "scenario", "description")), 0.8),
    ("seed", frozenset(("seed", "seeds")), 0.95),
    ("config", frozenset(("config", "configuration", "settings", "hparams", "parameters",
                          "params")), 0.85),
    ("start", frozenset(("start", "started", "begin", "began", "created", "creation")), 0.8),
    ("end", frozenset(("end", "ended", "finish", "finished", "complete", "completed", "stop",
                       "stopped")), 0.8),
    ("experiment", frozenset(("experiment", "study", "project", "campaign", "group")), 0.75),
    ("iteration", frozenset(("iteration",)), 0.5),
)  # fmt: skip
_NAMING = frozenset(("key", "metric", "name", "param", "parameter", "variable", "measure", "tag",
                     "attribute", "objective"))  # fmt: skip
LARGEST_TICK = 10**10
"""More is a time by the clock."""


class Guess(Frozen):
    """A role that a column may play, how sure that is (0 to 1), and why, in words."""

    role: str
    confidence: float
    reason: str


def guesses(table: TableEvidence, column: ColumnEvidence) -> Iterator[Guess]:
    """All that may be said of a column, whatever its table holds; not in order."""
    parts = parts_of(column.name)
    if is_secret(column.name):
        yield Guess(SECRET, 1.0, f"named {column.name}")
        return
    if column.of:
        yield Guess("measure", 0.5, f"numbers in the JSON of {column.of}")
        return
    yield from _ticks(table, column, parts)
    yield from _who(table, column, parts)
    yield from _numbers(table, column, parts)
    yield from _texts(column, parts)
    yield from _of_runs(column, parts)
    yield from _of_values(column, parts)
    if column.kind in ("json", "blob") and column.rows:
        yield Guess("payload", 0.6, "holds JSON" if column.kind == "json" else "holds bytes")


def is_secret(name: str) -> bool:
    """Whether a name says that what it names is not to be shown."""
    parts = parts_of(name)
    pairs = pairwise(parts)
    return bool(SECRET_WORDS.intersection(parts)) or any(p in _SECRET_PAIRS for p in pairs)


def _ticks(table: TableEvidence, column: ColumnEvidence, parts: tuple[str, ...]) -> Iterator[Guess]:
    whole = column.kind == "int" or (column.kind == "real" and not column.rows)
    if not (whole or column.kind == "") or column.high > LARGEST_TICK:
        return
    plain = [part for part in parts if part not in IDS]
    score = _TICK.get(plain[-1], 0.0) if plain else 0.0
    if score and not _NO_TICK.intersection(parts):
        long = 0.0 if len(plain) == 1 else 0.05
        said = f"named {column.name}"
        if column.rows and column.rising:
            said += ", whole numbers that never fall"
        elif column.rows:
            score, said = score - 0.1, said + ", whole numbers"
        yield Guess("tick", score - long, said)
    counts = column.rising and not column.repeated and column.low in (0.0, 1.0)
    if counts and column.name.lower() in ("index", "", "column0", "unnamed: 0"):
        yield Guess("tick", 0.55, "the unnamed index of a data frame, counting up by one")


def _who(table: TableEvidence, column: ColumnEvidence, parts: tuple[str, ...]) -> Iterator[Guess]:
    if column.kind not in ("int", "text", ""):
        return
    words = set(parts)
    for role, known in (("buyer", _BUYER), ("seller", _SELLER)):
        if known & words:
            yield Guess(role, 0.9, f"named {column.name}")
    for role, side in (("buyer", {"bid", "buy", "to"}), ("seller", {"ask", "sell", "from"})):
        if side & words and (_AGENT & words or words <= side | IDS):
            yield Guess(role, 0.8 if _AGENT & words else 0.6, f"named {column.name}")
    own = not {"n", "num", "count", "total", "type", "kind"} & words
    if own and (_AGENT & words or words == {"unique", "id"}) and words - IDS:
        alone = words <= _AGENT | IDS or words == {"unique", "id"}
        yield Guess("agent", 0.9 if alone else 0.5, f"named {column.name}")
    if words <= RUN | IDS and RUN & words:
        yield Guess("run", 0.75, f"named {column.name}")


def _numbers(
    table: TableEvidence, column: ColumnEvidence, parts: tuple[str, ...]
) -> Iterator[Guess]:
    if not (column.number or column.kind == ""):
        return
    words = set(parts)
    if parts in (("x",), ("pos", "x"), ("x", "pos"), ("position", "x"), ("coord", "x")):
        yield Guess("x", 0.85, f"named {column.name}, numbers")
    if parts in (("y",), ("pos", "y"), ("y", "pos"), ("position", "y"), ("coord", "y")):
        yield Guess("y", 0.85, f"named {column.name}, numbers")
    for role, known, score in _NAMED:
        if known & words and not words & {"before", "after", "initial", "min", "max"}:
            yield Guess(role, score - 0.05 * (len(parts) - 1), f"named {column.name}, numbers")
    refers = column.name in table.keys.refers or parts[-1:] in (("id",), ("uuid",))
    if column.number and not refers and (column.name,) != table.keys.primary:
        yield Guess("measure", 0.5, "numbers in rows that have a tick")


def _texts(column: ColumnEvidence, parts: tuple[str, ...]) -> Iterator[Guess]:
    if column.kind not in ("text", "flag", "int", ""):
        return
    words = set(parts)
    grouping = bool(column.words) and column.repeated
    for role, known, score in _TEXTS:
        found = bool(known & words) and not words & {"id", "uuid"}
        if role == "counterparty":
            found = bool(known & words)
        if not found or (column.kind == "int" and role not in ("result", "counterparty")):
            continue
        said = f"named {column.name}"
        if column.words and column.kind in ("text", "flag"):
            said += ": " + ", ".join(word[:24] for word in column.words[:3])
        yield Guess(role, score - (0 if grouping or not column.rows else 0.2), said)
    if column.kind == "text" and grouping and column.distinct > 1:
        yield Guess("kind", 0.4, f"{column.distinct} words that come again and again")


def _of_runs(column: ColumnEvidence, parts: tuple[str, ...]) -> Iterator[Guess]:
    words = set(parts)
    for role, known, score in _RUN_ROW:
        first = role in ("name",) and parts[:1] == ("source",)
        if known & words and not first:
            yield Guess(role, score - 0.05 * (len(parts) - 1), f"named {column.name}")


def _of_values(column: ColumnEvidence, parts: tuple[str, ...]) -> Iterator[Guess]:
    words = set(parts)
    naming = bool(words & _NAMING) and "value" not in words
    if naming and (column.kind in ("text", "") or "objective" in words):
        score = 0.85 if words & {"key", "name", "metric", "variable"} else 0.7
        yield Guess("measure_name", score, f"named {column.name}")
    if "value" in words or parts in (("val",), ("score",)):
        exact = parts in (("value",), ("val",)) or parts[-1:] == ("value",)
        if "type" not in words:
            yield Guess("value", 0.9 if exact else 0.6, f"named {column.name}")
    if parts in (("is", "nan"), ("is", "null"), ("missing",), ("is", "missing")):
        yield Guess("no_value", 0.9, f"named {column.name}")
