"""Rates as a numerator over a denominator, medians, and whether two cells are the same number."""

from decimal import Decimal
from fractions import Fraction

CLOSE = 1e-12


def ratio(numerator, denominator):
    """Exact; none when there is nothing to divide or nothing to divide by."""
    return Fraction(numerator) / Fraction(denominator) if numerator is not None and denominator else None


def quantile(values, share):
    """Interpolated linearly between the two nearest of the sorted values; none of no values."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = Fraction(share) * (len(ordered) - 1)
    low, rest = int(place), place - int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * rest


def median(values):
    return quantile(values, Fraction(1, 2))


def is_same(found, expected):
    """Counts, money and words are equal; a floating number is the exact one to a part in 10^12."""
    if found is None or expected is None or not isinstance(found, float):
        return found == expected
    if found == float(expected):
        return True
    exact = Fraction(expected)
    return abs(Fraction(found) - exact) <= Fraction(CLOSE) * max(abs(exact), abs(Fraction(found)))


def total(amounts):
    """The sum of the amounts that there are."""
    return sum((amount for amount in amounts if amount is not None), Decimal(0))
