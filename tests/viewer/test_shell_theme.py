"""Tests of the look: contrast, colours that stay, fonts and icons that exist."""

import itertools

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFontInfo, QFontMetricsF, QIcon, QPalette

from vmt_log_viewer import theme as look
from vmt_log_viewer.actions import VERBS
from vmt_log_viewer.icons import icon
from vmt_log_viewer.theme import Theme, contrast

TEXTS = ("text", "muted", "accent", "good", "bad", "warning")
BACKGROUNDS = ("base", "panel", "notice")


@pytest.mark.parametrize("choice", ["light", "dark"])
@pytest.mark.parametrize(("text", "background"), [
    *itertools.product(TEXTS, BACKGROUNDS), ("text", "selection"), ("on_accent", "accent"),
])  # fmt: skip
def test_every_text_is_readable_on_every_background(qapp, choice, text, background):
    theme = Theme(choice)
    assert contrast(theme.color(text), theme.color(background)) >= 4.5


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_every_pair_of_the_palette_is_readable(qapp, choice):
    palette = Theme(choice).palette()
    roles = QPalette.ColorRole
    for text, background in (
        (roles.WindowText, roles.Window),
        (roles.Text, roles.Base),
        (roles.Text, roles.AlternateBase),
        (roles.ButtonText, roles.Button),
        (roles.HighlightedText, roles.Highlight),
        (roles.PlaceholderText, roles.Base),
        (roles.PlaceholderText, roles.Window),
        (roles.ToolTipText, roles.ToolTipBase),
        (roles.Link, roles.Base),
    ):
        assert contrast(palette.color(text), palette.color(background)) >= 4.5, (text, background)


def test_contrast_is_that_of_the_standard():
    assert contrast(QColor("white"), QColor("black")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("white")) == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_the_fixed_colours_of_one_kind_differ_and_are_of_the_safe_palette(qapp, choice):
    theme = Theme(choice)
    for words, color in (
        (look.PAIRS, theme.pair_color),
        (look.MODES, theme.mode_color),
        (look.REGIMES, theme.regime_color),
    ):
        found = [color(word).name().upper() for word in words]
        assert len(set(found)) == len(found)
        assert set(found) <= {c.upper() for c in look.OKABE_ITO}


def test_data_keeps_its_colour_in_light_and_dark(qapp):
    light, dark = Theme("light"), Theme("dark")
    for word in ("A<->B", "A<->M", "unknown pair", None):
        assert light.pair_color(word) == dark.pair_color(word)
    assert light.agent_color(3, 3, 9) == dark.agent_color(3, 3, 9)


def test_a_pair_written_the_other_way_round_has_the_same_colour(theme):
    assert theme.pair_color("M<->A") == theme.pair_color("A<->M")


def test_a_lane_of_a_pair_has_the_colour_of_the_pair(theme):
    assert theme.state_color("A<->M", "on") == theme.pair_color("A<->M")
    assert theme.state_color("mode", "trade") == theme.mode_color("trade")


@pytest.mark.parametrize("count", [1, 3, 15, 60])
def test_agents_have_colours_of_equal_lightness_that_can_be_told_apart(theme, count):
    colors = [theme.agent_color(i, i, count) for i in range(count)]
    assert len({c.name() for c in colors}) == count
    against = [contrast(c, QColor("white")) for c in colors]
    assert max(against) - min(against) < 0.2
    for base in ("#ffffff", look.DARK["base"]):
        assert min(contrast(c, QColor(base)) for c in colors) >= 3


def test_digits_have_equal_width_and_the_font_is_the_bundled_one(theme):
    for kind in ("text", "caption", "strong", "title"):
        font = theme.font(kind)
        assert QFontInfo(font).family().startswith("Inter")
        metrics = QFontMetricsF(font)
        widths = [metrics.horizontalAdvance(digit * 10) for digit in "0123456789"]
        assert max(widths) - min(widths) < 0.5  # pixels over ten digits: hinting, not shape


def test_text_is_drawn_as_it_is_stored(theme):
    metrics = QFontMetricsF(theme.font())
    apart = sum(metrics.horizontalAdvance(c) for c in "=>")
    assert metrics.horizontalAdvance("=>") == pytest.approx(apart, abs=1)


def test_a_change_of_theme_is_announced_once(qapp):
    theme = Theme("light")
    seen = []
    theme.changed.connect(lambda: seen.append(theme.dark))
    theme.choose("dark")
    theme.choose("dark")
    assert seen == [True]


def test_every_verb_has_an_icon_that_draws_something(qapp):
    for verb in VERBS:
        if verb.icon:
            image = icon(verb.icon).pixmap(QSize(16, 16)).toImage()
            alphas = {
                image.pixelColor(x, y).alpha()
                for x in range(image.width())
                for y in range(image.height())
            }
            assert max(alphas) > 128, verb.icon


def test_an_icon_follows_the_palette_and_pales_when_disabled(qapp):
    def darkest(theme, mode):
        theme.apply(qapp)
        image = icon("play").pixmap(QSize(32, 32), mode).toImage()
        strong = [
            image.pixelColor(x, y)
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() > 100
        ]
        return max(c.alpha() for c in strong), min(c.lightness() for c in strong)

    _, light = darkest(Theme("light"), QIcon.Mode.Normal)
    _, dark = darkest(Theme("dark"), QIcon.Mode.Normal)
    assert light < 80 < 180 < dark
    assert darkest(Theme("light"), QIcon.Mode.Disabled)[0] < 200


def test_lanes_of_one_kind_colour_a_state_alike(qapp):
    theme = Theme("light")
    assert theme.state_color("dealer:short", "empty") == theme.state_color("dealer:long", "empty")
    assert theme.state_color("dealer:short", "empty") != theme.state_color("dealer:short", "full")


def test_eleven_words_of_a_kind_have_eleven_colours(qapp):
    theme = Theme("dark")
    words = [f"bucket {letter}" for letter in "abcdefghijk"]
    assert len({theme.pair_color(word).name() for word in words}) == 11
