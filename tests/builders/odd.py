"""Sources that open although something about them is odd, of every family and way of storing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from telemetry.concepts import Cell
from tests.builders import bilancio as b
from tests.builders import moltmarket as m
from tests.builders import simcash, vmt
from tests.builders.postgresql import Server

HUGE = "y" * 10_000_000
DEEP = 3000
SCRIPTS = "事件 عامل נתון ไทย 🦉 é"
EXACT = "40312.50000000000000000000001"
_DEEP_LISTS = "[" * DEEP + "]" * DEEP
_PLACE = "here come the deep lists"
Rows = tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Odd:
    """Where it lies and the run to look at; of `table`, `columns` in its first rows hold `rows`,
    and `warning` is a part of what the run's warnings say ("": nothing is said)."""

    location: Path | str
    run: int | str
    table: str
    columns: tuple[str, ...]
    rows: Rows
    warning: str = ""


Maker = Callable[[Path, Server], Odd]
_PRICE = ("day", "side", "unit_price")
_PRICES: Rows = (
    (0, "SELL", Decimal("0.85")),
    (0, "BUY", Decimal("1.15")),
    (1, "BUY", Decimal("1.2")),
)


def _misnamed_sqlite(folder: Path, server: Server) -> Odd:
    path = vmt.build("barter", folder / "runs.duckdb", runs=1, ticks=5)
    return Odd(path, 1, "agent_snapshots", ("tick", "agent_id"), ((0, 0),))


def _misnamed_duckdb(folder: Path, server: Server) -> Odd:
    path = simcash.unified(folder / "u.sqlite")
    return Odd(path, simcash.ALONE, "transactions", ("tx_id", "amount"), (("t1", 100),))


def _ring(change: Callable[[Path], object], rows: Rows = _PRICES, warning: str = "") -> Maker:
    """A run of the dealer ring after a change to its trades.csv."""

    def make(folder: Path, server: Server) -> Odd:
        run = b.write_run(folder / "active_1")
        change(run / "out" / "trades.csv")
        return Odd(run, "active_1", "trades", _PRICE, rows, warning)

    return make


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def _line_feeds(path: Path) -> None:
    b.put(path, "\n".join(_lines(path)) + "\n")


def _marked(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def _header_alone(path: Path) -> None:
    b.put_csv(path, b.TRADES, ())


def _reordered(path: Path) -> None:
    rows = [b.trade("active_1", 4, "BUY", "H9", unit_price="0.5")]
    b.put_csv(path, list(reversed(b.TRADES)), rows)


def _extra(path: Path) -> None:
    rows = [b.trade("active_1", 4, "BUY", "H9", unit_price="0.5", weather="=1+1")]
    b.put_csv(path, ["weather", *b.TRADES], rows)


def _lacking(path: Path) -> None:
    rows = [b.trade("active_1", 4, "BUY", "H9")]
    b.put_csv(path, [n for n in b.TRADES if n not in ("unit_price", "is_passthrough")], rows)


def _wrong_types(path: Path) -> None:
    rows = [b.trade("active_1", day, "SELL", "H1") for day in (0, 1, 2)]
    rows[2] |= {"day": "soon", "unit_price": "cheap"}
    b.put_csv(path, b.TRADES, rows)


def _exact(path: Path) -> None:
    rows = [b.trade("active_1", day, "SELL", "H1", unit_price=p)
            for day, p in enumerate((EXACT, "0E+23", "0E-13"))]  # fmt: skip
    b.put_csv(path, b.TRADES, rows)


_EXACT = ((0, "SELL", Decimal(EXACT)), (1, "SELL", Decimal(0)), (2, "SELL", Decimal(0)))
_WRONG = ((None, "SELL", "cheap"), *((d, "SELL", Decimal("0.85")) for d in (0, 1)))
_REORDERED: Rows = ((4, "BUY", Decimal("0.5")),)


def _ring_events(lines: list[str], rows: Rows, warning: str = "", end: str = "\n") -> Maker:
    def make(folder: Path, server: Server) -> Odd:
        run = b.write_run(folder / "active_1")
        b.put(run / "out" / "events.jsonl", "\n".join(lines) + end)
        return Odd(run, "active_1", "events", ("kind", "payload"), rows, warning)

    return make


_LONG = [f'{{"kind": "Long", "day": 1, "note": "{HUGE}"}}']
_DEEP_LINES = [f'{{"kind": "Deep", "day": 1, "note": {_DEEP_LISTS}}}']
_FOREIGN = [f'{{"kind": "{SCRIPTS}", "day": 2, "amount": {EXACT}}}']
_CUT = ['{"kind": "X", "day": 1}', '{"kind": "Y", "da']


def _market(payload: str) -> list[m.Event]:
    """A market whose second event says `payload`, under the key "reason"."""
    happened: list[tuple[int, str, str | None, dict[str, Any]]] = [
        (0, "RUN_CREATED", None, {"config": {}, "seed": 42, "scenarioVersion": SCRIPTS}),
        (1, "ORDER_REJECTED", SCRIPTS, {"agentId": SCRIPTS, "details": payload}),
    ]
    return m.chain(happened)


def _market_odd(location: Path | str) -> Odd:
    columns = ("event_seq", "event_type", "agent_id")
    rows = ((0, "RUN_CREATED", None), (1, "ORDER_REJECTED", SCRIPTS))
    return Odd(location, m.RUN, "events", columns, rows)


def _market_server(payload: str) -> Maker:
    def make(folder: Path, server: Server) -> Odd:
        sql = m.write_sql(_market(payload))
        return _market_odd(server.create(sql.replace(f'"{_PLACE}"', _DEEP_LISTS)))

    return make


def _market_folder(payload: str) -> Maker:
    def make(folder: Path, server: Server) -> Odd:
        path = m.write_log(folder / "events.jsonl", _market(payload))
        b.put(path, path.read_text("utf-8").replace(f'"{_PLACE}"', _DEEP_LISTS))
        return _market_odd(folder)

    return make


def _market_cut(folder: Path, server: Server) -> Odd:
    path = m.write_log(folder / "events.jsonl", m.small_market())
    path.write_bytes(path.read_bytes()[:-40])
    rows = ((0, "RUN_CREATED"), (1, "AGENT_CREATED"))
    return Odd(folder, m.RUN, "events", ("event_seq", "event_type"), rows,
               "1 line of the event log is no whole event")  # fmt: skip


def _market_marked(folder: Path, server: Server) -> Odd:
    path = m.write_log(folder / "events.jsonl", m.small_market())
    content = path.read_bytes().replace(b"\n", b"\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + content)
    rows = ((0, "RUN_CREATED"), (1, "AGENT_CREATED"))
    return Odd(folder, m.RUN, "events", ("event_seq", "event_type"), rows)


def _payments(details: str) -> Maker:
    """A run of payments whose first event says `details`."""

    def make(folder: Path, server: Server) -> Odd:
        path = simcash.create(folder / "odd.db", "unified")
        simcash.insert(path, "simulation_runs", [simcash.run("r")])
        made = simcash.event(0, "r", 0, "Odd", details, agent=SCRIPTS)
        simcash.insert(path, "simulation_events", [made])
        return Odd(path, "r", "simulation_events", ("event_type", "agent_id"), (("Odd", SCRIPTS),))

    return make


def _economy(name: str, config: str, warning: str = "") -> Maker:
    def make(folder: Path, server: Server) -> Odd:
        path = vmt.build("mode", folder / "m.db", runs=1, ticks=4, scenario_name=name,
                         config_json=config)  # fmt: skip
        return Odd(path, 1, "agent_snapshots", ("tick", "agent_id"), ((0, 0),), warning)

    return make


_DEEP_JSON = '{"details": ' + _DEEP_LISTS + "}"
MAKERS: dict[str, Maker] = {
    "sqlite called duckdb": _misnamed_sqlite,
    "duckdb called sqlite": _misnamed_duckdb,
    "csv missing": _ring(Path.unlink, ()),
    "csv empty": _ring(lambda path: path.write_bytes(b""), ()),
    "csv header alone": _ring(_header_alone, ()),
    "csv columns reordered": _ring(_reordered, _REORDERED),
    "csv columns extra": _ring(_extra, _REORDERED),
    "csv columns missing": _ring(_lacking, ((4, "BUY", None),)),
    "csv wrong types in row 3": _ring(_wrong_types, _WRONG, "first row 3 (day: soon"),
    "csv line feeds": _ring(_line_feeds),
    "csv byte-order mark": _ring(_marked),
    "csv exact decimals": _ring(_exact, _EXACT),
    "ring log cut": _ring_events(_CUT, (("X", _CUT[0]), (None, _CUT[1])), "first row 2", ""),
    "ring payload of 10 MB": _ring_events(_LONG, (("Long", _LONG[0]),)),
    "ring deep JSON": _ring_events(_DEEP_LINES, (("Deep", _DEEP_LINES[0]),)),
    "ring other scripts": _ring_events(_FOREIGN, ((SCRIPTS, _FOREIGN[0]),)),
    "market server payload of 10 MB": _market_server(HUGE),
    "market server deep JSON": _market_server(_PLACE),
    "market server other scripts": _market_server(SCRIPTS),
    "market folder payload of 10 MB": _market_folder(HUGE),
    "market folder deep JSON": _market_folder(_PLACE),
    "market folder other scripts": _market_folder(SCRIPTS),
    "market log cut": _market_cut,
    "market log CRLF and byte-order mark": _market_marked,
    "payments payload of 10 MB": _payments(json.dumps({"note": HUGE})),
    "payments deep JSON": _payments(_DEEP_JSON),
    "payments other scripts": _payments(json.dumps({"note": SCRIPTS})),
    "payments no JSON": _payments("{not json"),
    "economy other scripts": _economy(SCRIPTS, json.dumps({"note": SCRIPTS})),
    "economy deep JSON": _economy("deep", _DEEP_JSON, "nested too deeply"),
    "economy payload of 10 MB": _economy("long", json.dumps({"note": HUGE})),
}
