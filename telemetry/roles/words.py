"""The words of a mapping: what a table may hold and what a column may be, each told to people."""

from __future__ import annotations

import re

from telemetry.frozen import Frozen


class Word(Frozen):
    """A kind of table or a role of a column: its name in mappings, its label, and what it means."""

    name: str
    label: str
    meaning: str


LEFT_OUT = "left out"
SECRET = "secret"
PLAIN = "plain"
KINDS: dict[str, Word] = {
    word.name: word
    for word in (
        Word("runs", "Runs", "a row for each run"),
        Word("states", "Numbers by tick", "a row for each tick, or each agent and tick"),
        Word("values", "Named values", "a row for each named value: a metric, a parameter"),
        Word("trades", "Trades", "a row for each exchange between agents"),
        Word("attempts", "Attempts", "a row for each try, with its result and the reason"),
        Word("events", "Events", "a row for each thing that happened"),
        Word("other", "Other rows", "rows that are shown as they are"),
        Word(LEFT_OUT, "Left out", "not shown at all"),
    )
}
ROLES: dict[str, Word] = {
    word.name: word
    for word in (
        Word(PLAIN, "–", "shown as it is"),
        Word("run", "run", "which run the row belongs to"),
        Word("tick", "tick", "when: a whole number that counts up"),
        Word("agent", "agent", "who"),
        Word("measure", "measure", "a number that is plotted over ticks"),
        Word(
            "run_measure", "measure of the run", "plotted once a tick, though many rows repeat it"
        ),
        Word("state", "state", "a word that holds for a while: drawn as a lane"),
        Word("mode", "mode", "the mode of the simulation: drawn as a lane"),
        Word("regime", "regime", "the regime of the simulation: drawn as a lane"),
        Word("measure_name", "name of the value", "which of several values the row holds"),
        Word("value", "value", "the value that is named beside it"),
        Word("no_value", "value is missing", "where this is true, the row's value is none"),
        Word("buyer", "buyer", "who bought, or received"),
        Word("seller", "seller", "who sold, or gave"),
        Word("counterparty", "counterparty", "the other side"),
        Word("price", "price", "what a unit cost"),
        Word("quantity", "quantity", "how many units"),
        Word("amount", "amount", "how much in all"),
        Word("pair", "kind of exchange", "what was exchanged for what: colours the rows"),
        Word("direction", "direction", "buy or sell"),
        Word("result", "result", "how it ended"),
        Word("reason", "reason", "why it ended so"),
        Word("event", "kind of event", "what happened"),
        Word("kind", "kind", "a word that groups the rows"),
        Word("x", "x", "position to the right"),
        Word("y", "y", "position upwards"),
        Word("name", "name", "what the run is called"),
        Word("status", "status", "how far it has come"),
        Word("seed", "seed", "the seed of the random numbers"),
        Word("parameter", "parameter", "what the run was set to"),
        Word("config", "configuration", "all that the run was set to, as JSON"),
        Word("experiment", "experiment", "which experiment the run belongs to"),
        Word("iteration", "iteration", "which iteration of the experiment"),
        Word("start", "start", "when it began, by the clock"),
        Word("end", "end", "when it ended, by the clock"),
        Word("payload", "payload", "a long text that is read row by row"),
        Word(SECRET, "secret", "never shown, filtered by or exported"),
    )
}
ONCE = frozenset(ROLES) - {
    PLAIN, SECRET, "measure", "run_measure", "state", "kind", "parameter", "payload",
}  # fmt: skip
"""Roles that one column of a table plays at most."""
NUMBERS = frozenset(("tick", "measure", "run_measure", "price", "quantity", "amount", "x", "y"))
"""Roles of columns that hold numbers."""
_RUN_ROW = ("run", "name", "status", "seed", "parameter", "config", "experiment", "iteration",
            "start", "end")  # fmt: skip
_ROW = ("run", "tick", "agent", "kind", "status", "payload")
_EXCHANGE = (*_ROW, "buyer", "seller", "counterparty", "price", "quantity", "amount", "pair",
             "direction", "mode", "regime", "result", "reason", "x", "y")  # fmt: skip
ROLES_OF: dict[str, tuple[str, ...]] = {
    "runs": (PLAIN, *_RUN_ROW, "payload", SECRET),
    "states": (
        PLAIN,
        *_ROW,
        "measure",
        "run_measure",
        "state",
        "mode",
        "regime",
        "x",
        "y",
        "parameter",
        SECRET,
    ),
    "values": (PLAIN, "run", "tick", "agent", "measure_name", "value", "no_value", SECRET),
    "trades": (PLAIN, *_EXCHANGE, SECRET),
    "attempts": (PLAIN, *_EXCHANGE, SECRET),
    "events": (PLAIN, *_EXCHANGE, "event", SECRET),
    "other": (PLAIN, *_ROW, "name", "reason", "result", SECRET),
    LEFT_OUT: (PLAIN,),
}
"""The roles that mean something in a table of each kind."""
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")


def parts_of(name: str) -> tuple[str, ...]:
    """The words that a name is made of, in small letters: "AgentID" gives agent, id."""
    return tuple(part.lower() for part in _PARTS.findall(name))


def label_of(name: str) -> str:
    """A name as a person reads it: underscores are spaces."""
    return " ".join(name.replace("_", " ").split()) or "(no name)"
