"""Utilities of two goods: values, indifference curves, and parameters out of recorded utilities."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from telemetry.concepts import Floats, Holder
from telemetry.frozen import Frozen

CLOSE = 1e-6
"""A fit that misses a recorded utility by more than this part of it is none."""
_RHOS = np.concatenate([np.linspace(-8, -0.05, 160), np.linspace(0.05, 0.99, 95)])
_ROUNDS = 60
_NEEDED = 4
"""Utilities: one more than a CES utility has parameters, or nothing would be checked."""


class Utility(Protocol):
    """How a bundle is valued, over arrays; where a bundle lies outside its domain: NaN."""

    def value(self, a: Floats, b: Floats) -> Floats: ...

    def curve(self, a: Floats, level: float) -> Floats:
        """The second good that goes with `a` of the first at utility `level`."""
        ...

    def rate(self, a: Floats, b: Floats) -> Floats:
        """Marginal rate of substitution: second good per unit of the first."""
        ...

    @property
    def words(self) -> str:
        """Its formula with the numbers."""
        ...


class Linear(Frozen):
    """u = v·A + w·B."""

    v: float
    w: float

    def value(self, a: Floats, b: Floats) -> Floats:
        return self.v * a + self.w * b

    def curve(self, a: Floats, level: float) -> Floats:
        return (level - self.v * a) / self.w

    def rate(self, a: Floats, b: Floats) -> Floats:
        return np.full(np.broadcast(a, b).shape, self.v / self.w)

    @property
    def words(self) -> str:
        return f"u = {self.v:.4g} A + {self.w:.4g} B"


class Ces(Frozen):
    """u = (v·A^ρ + w·B^ρ)^(1/ρ), ρ < 1 and not 0; with ρ < 0 a bundle that lacks a good is 0."""

    v: float
    w: float
    rho: float

    def value(self, a: Floats, b: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            inner = self.v * np.power(a, self.rho) + self.w * np.power(b, self.rho)
            found: Floats = np.power(inner, 1 / self.rho)
        return np.where((a <= 0) | (b <= 0), 0.0, found) if self.rho < 0 else found

    def curve(self, a: Floats, level: float) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            inner = (level**self.rho - self.v * np.power(a, self.rho)) / self.w
            found: Floats = np.power(np.where(inner > 0, inner, np.nan), 1 / self.rho)
        return found

    def rate(self, a: Floats, b: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = self.v / self.w * np.power(a / b, self.rho - 1)
        return found

    @property
    def words(self) -> str:
        return f"u = ({self.v:.4g} A^ρ + {self.w:.4g} B^ρ)^(1/ρ), ρ = {self.rho:.4g}"


def fitted(holder: Holder) -> tuple[Utility | None, str]:
    """The utility that explains every recorded one, or None; and in words what it stands on."""
    kind = (holder.kind or "").lower()
    who = f"Agent {holder.agent_id}"
    fit = _linear if "linear" in kind else _ces if "ces" in kind else None
    if fit is None:
        form = holder.kind or "not recorded"
        return None, f"{who}: its utility type is {form}, whose curves are not known here."
    a, b, count = holder.bundles[:, 0], holder.bundles[:, 1], len(holder.utilities)
    unknown = f"{who} ({holder.kind}): parameters are not recorded, and"
    off = float("inf")
    for u, money in ((holder.utilities - holder.money, " less λ·M"), (holder.utilities, "")):
        found = fit(a, b, u) if count >= _NEEDED else None
        if found is None:
            continue
        missed = _miss(found, a, b, u)
        if missed <= CLOSE:
            less = money if np.any(holder.money) else ""
            return found, f"{who}: {found.words}, worked out of {count} recorded utilities{less}."
        off = min(off, missed)
    if not np.isfinite(off):
        return None, f"{unknown} {count} recorded utilities are too few to tell them."
    return None, (
        f"{unknown} no such utility explains all {count} recorded ones "
        f"(the best misses by {off:.1g})."
    )


def _miss(found: Utility, a: Floats, b: Floats, u: Floats) -> float:
    """The largest deviation as a part of the largest utility."""
    inside = (a > 0) & (b > 0)
    if not inside.any():
        return float("inf")
    off = np.abs(found.value(a[inside], b[inside]) - u[inside])
    return float(np.max(off) / max(float(np.max(np.abs(u))), 1e-12))


def _linear(a: Floats, b: Floats, u: Floats) -> Utility | None:
    (v, w), *_ = np.linalg.lstsq(np.column_stack([a, b]), u, rcond=None)
    return Linear(float(v), float(w)) if v > 0 and w > 0 else None


def _ces(a: Floats, b: Floats, u: Floats) -> Utility | None:
    """Weights are linear in u^ρ; ρ is sought on a grid and then narrowed."""
    inside = (a > 0) & (b > 0) & (u > 0)
    a, b, u = a[inside], b[inside], u[inside]
    if len(u) < 3:
        return None
    tried = [(_off(rho, a, b, u), float(rho)) for rho in _RHOS]
    place = int(np.argmin([off for off, _ in tried]))
    low = float(_RHOS[max(place - 1, 0)])
    high = float(_RHOS[min(place + 1, len(_RHOS) - 1)])
    for _ in range(_ROUNDS):
        third = (high - low) / 3
        left, right = low + third, high - third
        if _off(left, a, b, u) < _off(right, a, b, u):
            high = right
        else:
            low = left
    best = (low + high) / 2
    for rho in (best, *_neat(best)):
        weights = _weights(rho, a, b, u)
        if weights is not None and (rho == best or _off(rho, a, b, u) <= CLOSE * 1e-3):
            best = rho
    weights = _weights(best, a, b, u)
    return None if weights is None else Ces(*weights, best)


def _neat(rho: float) -> tuple[float, ...]:
    """The round number near by, which a scenario would have named."""
    return (round(rho, 3),) if round(rho, 3) != 0 else ()


def _weights(rho: float, a: Floats, b: Floats, u: Floats) -> tuple[float, float] | None:
    if abs(rho) < 1e-6:
        return None
    left = np.column_stack([np.power(a, rho), np.power(b, rho)])
    right = np.power(u, rho)
    (v, w), *_ = np.linalg.lstsq(left / right[:, None], np.ones_like(right), rcond=None)
    return (float(v), float(w)) if v > 0 and w > 0 else None


def _off(rho: float, a: Floats, b: Floats, u: Floats) -> float:
    weights = _weights(rho, a, b, u)
    if weights is None:
        return float("inf")
    return float(np.max(np.abs(Ces(*weights, rho).value(a, b) - u)) / np.max(np.abs(u)))
