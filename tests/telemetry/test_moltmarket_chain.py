"""The hash chain is recomputed as the producer computes it, and each way to break it is found."""

from __future__ import annotations

import hashlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.families.moltmarket.hash_chain import ChainEvent, canonical_json, event_hash, verify
from telemetry.frozen import replace
from tests.builders.moltmarket import RUN, small_market


def events() -> list[ChainEvent]:
    return [
        ChainEvent(
            RUN,
            e["tickId"],
            e["eventSeq"],
            e["eventType"],
            e["agentId"],
            e["payload"],
            e["prevHash"],
            e["eventHash"],
        )
        for e in small_market()
    ]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-9, "1.5e-9"),
        (-2.5, "-2.5"),
        (2**53 + 1, "9007199254740992"),
        (math.inf, "null"),
        (None, "null"),
        (True, "true"),
        ({"b": 1, "a": [1, {"10": 0, "9": 0}]}, '{"a":[1,{"9":0,"10":0}],"b":1}'),
        ({"é": "ü\n\u001f\"\\", "z": ""}, '{"z":"","é":"ü\\n\\u001f\\"\\\\"}'),
        ({"\U0001f600": 1, "\ufb00": 2}, '{"\U0001f600":1,"\ufb00":2}'),
        ("\ud800", '"\\ud800"'),
        ({"01": 1, "1": 2, "4294967295": 3}, '{"1":2,"01":1,"4294967295":3}'),
    ],
)  # fmt: skip
def test_json_is_written_as_javascript_writes_it(value, written):
    assert canonical_json(value) == written


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_canonical_json_means_what_it_was_made_of(value):
    assert json.loads(canonical_json(value)) == value


def test_the_hash_covers_exactly_the_seven_fields():
    event = ChainEvent("r", 3, 1, "TICK_START", None, {"tickId": 3}, "p", "")
    written = (
        '{"agentId":null,"eventSeq":1,"eventType":"TICK_START","payload":{"tickId":3},'
        '"prevHash":"p","runId":"r","tickId":3}'
    )
    assert event_hash(event, "p") == hashlib.sha256(written.encode()).hexdigest()


def test_a_whole_chain_is_sound():
    log = events()
    verdict = verify(RUN, log, expected_count=len(log), expected_last=log[-1].event_hash)
    assert (verdict.sound, verdict.checked, verdict.broken_at) == (True, len(log), None)


def test_a_changed_payload_is_found_at_its_own_hash():
    log = events()
    log[6] = replace(log[6], payload={**log[6].payload, "price": "98.00000000"})
    verdict = verify(RUN, log)
    assert verdict.broken_at == 6
    assert "own hash" in verdict.problem


def test_a_deleted_event_is_found_as_a_gap():
    log = events()
    del log[9]
    verdict = verify(RUN, log)
    assert verdict.broken_at == 9
    assert "event 9 is missing" in verdict.problem


def test_an_event_hashed_anew_is_found_at_the_next_previous_hash():
    log = events()
    changed = replace(log[5], payload={**log[5].payload, "quantity": "4.00000000"})
    log[5] = replace(changed, event_hash=event_hash(changed, changed.prev_hash))
    verdict = verify(RUN, log)
    assert verdict.broken_at == 6
    assert "previous hash" in verdict.problem


def test_a_tail_cut_off_is_told_by_the_run_row_alone():
    log = events()
    assert verify(RUN, log[:-2]).sound
    verdict = verify(RUN, log[:-2], expected_count=len(log), expected_last=log[-1].event_hash)
    assert not verdict.sound
    assert verdict.problem.startswith("Truncated")


def test_an_event_that_comes_twice_is_found():
    log = events()
    log.insert(4, log[3])
    assert verify(RUN, log).broken_at == 4
