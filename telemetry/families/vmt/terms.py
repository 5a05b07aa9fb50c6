"""The words of VMT databases that mean something to views."""

from __future__ import annotations

from telemetry.concepts import Word

RESULTS = (Word("success", "success", "green"), Word("fail", "failure", "vermillion"))
PAIRS = (
    Word("A<->B", "barter"),
    Word("B<->A", "barter"),
    Word("A<->M", "money"),
    Word("M<->A", "money"),
    Word("B<->M", "money"),
    Word("M<->B", "money"),
)
REASONS = (
    Word("both_utility_no_improvement", color="vermillion"),
    Word("buyer_utility_no_improvement", color="blue"),
    Word("seller_utility_no_improvement", color="purple"),
    Word("buyer_insufficient_B", color="orange"),
    Word("buyer_insufficient_M", color="orange"),
    Word("seller_insufficient_A", color="sky"),
    Word("seller_insufficient_B", color="sky"),
    Word("dB_nonpositive", color="grey"),
    Word("dM_nonpositive", color="grey"),
    Word("utility_improves_both", color="green"),
)
