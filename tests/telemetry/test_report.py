"""A report is one file that needs nothing else, tells the truth, and runs no text as markup."""

import re
import sqlite3
from contextlib import closing
from html.parser import HTMLParser

import pytest

import telemetry
from telemetry.analysis.chosen import every_run
from telemetry.errors import ExportError, RequestError
from telemetry.report import report_of, write_report
from tests.builders import vmt
from tests.builders.samples import SAMPLES
from tests.telemetry.command_line import ran

EVIL = "<script>alert(1)</script>\"'&amp;<img src=x onerror=y>\x07\u202e"


class Read(HTMLParser):
    """A page as a browser takes it: which elements, with what, and the text of each section."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.sections, self._stack = [], [], {}, []
        self._heading, self.open = "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append(tag)
        if tag == "h2":
            self._heading = ""

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self._heading = data
        self.sections.setdefault(self._heading, []).append(data)

    def text(self, section):
        return " ".join(self.sections[section])


@pytest.mark.sampled(3)
@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.sql is None], ids=str)
def test_a_run_of_every_family_is_one_page_that_needs_nothing_else(tmp_path, sample):
    source = telemetry.open_source(sample.make(tmp_path))
    run = next(r for r in every_run(source) if r.run_id == sample.run)
    text = report_of([run])
    page = Read(text)
    assert {"The run", "Rows recorded", "Where this comes from"} <= page.sections.keys()
    assert not {"script", "link", "iframe", "img", "object", "form"} & set(page.tags)
    assert not [a for a in page.attributes if a[0] in ("src", "href") or a[0].startswith("on")]
    assert not re.search(r"url\(|@import|https?://", text)
    assert source.fingerprint().value in page.text("Where this comes from")
    source.close()


def test_the_numbers_are_those_of_the_database_and_its_texts_are_texts(tmp_path):
    place = vmt.build("money_full", tmp_path / "m.db", ticks=6, runs=2)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("UPDATE simulation_runs SET scenario_name = ? WHERE run_id = 1", (EVIL,))
        connection.commit()
        pairs = connection.execute(
            "SELECT exchange_pair_type, count(*) FROM trades WHERE run_id = 1 GROUP BY 1"
        ).fetchall()
    source = telemetry.open_source(place)
    first, second = every_run(source)
    text = report_of([first])
    page = Read(text)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert "<script>alert(1)</script>" in page.text("The run")
    assert "\x07" not in text
    assert "\u202e" not in text
    for pair, count in pairs:
        assert f" {pair} {count} " in f" {page.text('Trades')} "
    assert "utility" in page.text("Measures over ticks").lower()
    assert "rules judged" in page.text("Audit")
    assert "Audit" not in Read(report_of([first], audit=False)).sections
    compared = Read(report_of([first, second]))
    assert {"The runs", "Configuration", "What they came to", "First difference"} <= (
        compared.sections.keys()
    )
    assert "scenario_name" in compared.text("Configuration")
    assert "script" not in compared.tags
    with pytest.raises(RequestError):
        report_of([])
    with pytest.raises(ExportError, match="is the opened source itself"):
        write_report([first], place)
    source.close()


def test_the_command_writes_a_page_of_one_run_and_of_all(tmp_path, capsys):
    place = vmt.build("barter", tmp_path / "b.db", ticks=4, runs=3)
    one, every = tmp_path / "one.html", tmp_path / "all.html"
    assert ran(capsys, "report", place, "2", "-o", one, "--no-audit").code == 0
    assert ran(capsys, "report", place, "all", "-o", every).code == 0
    assert "<h1>Run 2: " in one.read_text("utf-8")
    assert "<h1>3 runs compared</h1>" in every.read_text("utf-8")
    refused = ran(capsys, "report", place, "9", "-o", tmp_path / "no.html")
    assert (refused.code, "There is no run '9'" in refused.err) == (1, True)
    assert not (tmp_path / "no.html").exists()
