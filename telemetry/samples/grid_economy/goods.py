"""Utility of two goods, A and B: CES and linear, with the marginal utilities that quotes need."""

from __future__ import annotations

from typing import Protocol

from telemetry.frozen import Frozen

#: Goods are whole, so the margin at an empty stock is taken at half a unit: finite, yet high.
_STOCK_FLOOR = 0.5


class Utility(Protocol):
    """How an agent values a bundle; the name is what a snapshot calls it."""

    @property
    def name(self) -> str:
        """The producer's word for this form."""

    def value(self, a: int, b: int) -> float:
        """u(A, B) for stocks of 0 or more."""

    def margins(self, a: int, b: int) -> tuple[float, float]:
        """∂u/∂A and ∂u/∂B, finite and positive also at empty stocks."""


class Ces(Frozen):
    """u = (w·A^ρ + (1−w)·B^ρ)^(1/ρ), homogeneous of degree 1; ρ < 1 and not 0.

    With ρ < 0 a bundle that lacks a good is worth nothing.
    """

    weight: float
    rho: float
    name: str = "UCES"

    def value(self, a: int, b: int) -> float:
        """u(A, B)."""
        if self.rho < 0 and (a == 0 or b == 0):
            return 0.0
        return float(self._mean(a, b) ** (1 / self.rho))

    def margins(self, a: int, b: int) -> tuple[float, float]:
        """w·A^(ρ−1)·u^(1−ρ), and the same of B."""
        x, y = max(a, _STOCK_FLOOR), max(b, _STOCK_FLOOR)
        scale = self._mean(x, y) ** ((1 - self.rho) / self.rho)
        power = self.rho - 1
        return float(self.weight * x**power * scale), float((1 - self.weight) * y**power * scale)

    def _mean(self, a: float, b: float) -> float:
        return float(self.weight * a**self.rho + (1 - self.weight) * b**self.rho)


class Linear(Frozen):
    """u = v_A·A + v_B·B: perfect substitutes, so such an agent sells one good to the last unit."""

    value_a: float
    value_b: float
    name: str = "ULinear"

    def value(self, a: int, b: int) -> float:
        """u(A, B)."""
        return self.value_a * a + self.value_b * b

    def margins(self, a: int, b: int) -> tuple[float, float]:
        """v_A and v_B, whatever the stocks."""
        return self.value_a, self.value_b
