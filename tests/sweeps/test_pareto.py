"""The front against its definition, over random points."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tlm.sweeps.pareto import front

COST = st.integers(0, 4) | st.floats(0, 4)


def preferable(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Nowhere more, and somewhere less."""
    pairs = list(zip(one, other, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


@given(st.integers(1, 3).flatmap(lambda width: st.lists(st.tuples(*[COST] * width), max_size=25)))
def test_the_front_is_what_no_point_is_preferable_to(points: list[tuple[float, ...]]) -> None:
    wanted = {n for n, one in enumerate(points) if not any(preferable(other, one) for other in points)}
    found = front(dict(enumerate(points)))
    assert set(found) == wanted and len(found) == len(wanted)
    assert [points[n] for n in found] == sorted(points[n] for n in wanted)


def test_equal_points_are_all_on_it() -> None:
    assert front({"a": (1, 2), "b": (2, 1), "c": (2, 2), "d": (1, 2)}) == ["a", "d", "b"]
