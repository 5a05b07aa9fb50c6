"""λ̂ is the smaller of two estimates, and its marks say whose."""

from pathlib import Path

import telemetry
from telemetry.queries import FacetQuery, SeriesQuery
from tests.builders import vmt


def test_marks_of_lambda_hat_name_the_good_that_binds(tmp_path: Path) -> None:
    path = vmt.build("money", tmp_path / "kkt.db")
    for tick, hat_a, hat_b in ((1, 2.0, 3.0), (2, 3.0, 2.0), (3, 2.5, 2.5)):
        vmt.insert(
            path,
            "lambda_updates",
            run_id=1,
            tick=tick,
            agent_id=0,
            lambda_old=1.0,
            lambda_new=2.0,
            lambda_hat_A=hat_a,
            lambda_hat_B=hat_b,
            lambda_hat=min(hat_a, hat_b),
            clamped=0,
        )
    source = telemetry.open_source(path)
    (line,) = source.ask(SeriesQuery(1, "lambda_hat")).lines
    assert line.mark == ("A", "B", "both")
    assert list(line.value) == [2.0, 2.0, 2.5]
    counted = dict(source.ask(FacetQuery(1, "lambda_updates", "binding_good")).values)
    assert counted == {"A": 1, "B": 1, "both": 1}
