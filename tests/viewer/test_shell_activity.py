"""Tests of the status bar's activity and of the message bar."""

import threading

import pytest

from vmt_log_viewer.widgets import activity as activity_module
from vmt_log_viewer.widgets.activity import Activity
from vmt_log_viewer.widgets.message_bar import MessageBar


@pytest.fixture
def activity(qtbot, runner, monkeypatch):
    monkeypatch.setattr(activity_module, "PATIENCE", 0.02)
    activity = Activity(runner)
    qtbot.addWidget(activity)
    activity.show()
    yield activity
    activity.stop()


def test_long_work_is_named_and_can_be_cancelled(activity, runner, qtbot):
    release = threading.Event()
    seen = []
    runner.run("a", lambda token: release.wait(5), seen.append, what="reading trades")
    qtbot.waitUntil(lambda: activity.label.text() == "Reading trades …")
    assert activity.button.isVisible()
    activity.button.click()
    assert runner.idle()
    assert activity.label.text() == ""
    assert not activity.button.isVisible()
    release.set()
    assert seen == []


def test_quick_work_is_not_shown(activity, runner, qtbot):
    shown = []
    activity._show, original = (lambda text: shown.append(text) or original(text)), activity._show
    runner.run("a", lambda token: 1, lambda answer: None)
    qtbot.waitUntil(runner.idle)
    assert not [text for text in shown if text]


def test_progress_is_shown_with_its_total(activity, runner, qtbot):
    release, told = threading.Event(), threading.Event()

    def work(token):
        release.wait(5)
        token.report(25, 100, "rows")
        told.wait(5)

    runner.run("a", work, lambda answer: None, what="exporting")
    qtbot.waitUntil(activity.button.isVisible)
    release.set()
    qtbot.waitUntil(lambda: activity.label.text() == "25 of 100 rows")
    assert activity.bar.value() / activity.bar.maximum() == 0.25
    told.set()
    qtbot.waitUntil(runner.idle)


def test_messages_are_kept_once_and_not_for_ever(qtbot, theme):
    bar = MessageBar(theme)
    qtbot.addWidget(bar)
    for text in ("one", "two", "one", "three", "<b>four</b>"):
        bar.say(text)
    assert bar.text == "one\nthree\n<b>four</b>"
    bar.clear()
    assert bar.isHidden()
