"""Numbers as people read them."""

from __future__ import annotations

import math

from .printable import printable


def grouped(number: int) -> str:
    """Return 12400 as "12 400"."""
    return f"{number:,}".replace(",", " ")


def short(number: float | None) -> str:
    """Return a measure in at most nine characters, and a dash for a missing one."""
    if number is None or not math.isfinite(number):
        return "-"
    return f"{number:.4g}" if number == 0 or 1e-3 <= abs(number) < 1e5 else f"{number:.1e}"


def rate(per_second: float | None) -> str:
    """Return 3912.0 as "3.9k"."""
    if per_second is None or not math.isfinite(per_second):
        return "-"
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if per_second >= size:
            return f"{per_second / size:.3g}{unit}"
    return f"{per_second:.3g}"


def clock(seconds: float) -> str:
    """Return 5.2 as "0:05" and 3700 as "1:01:40"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(seconds: float) -> str:
    """Return 5.23 as "5.2 s", and from a minute on as `clock` does."""
    return f"{seconds:.1f} s" if seconds < 59.95 else clock(seconds)


def shown(value: object) -> str:
    """Return the value of a parameter as people write it: 0.01, 1e-5, "0.9 0.999", "yes"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        text = f"{value:.6g}"
        return text.replace("e-0", "e-").replace("e+0", "e") if "e" in text else text
    if isinstance(value, (tuple, list)):
        return " ".join(map(shown, value))
    return printable(str(value))


def memory(size: float, total: float | None = None) -> str:
    """Return a number of bytes such as "310 MiB" or "3.1 GiB", or how many of a total: "3.1/79.1 GiB"."""
    unit, places = (2**30, 1) if max(size, total or 0) >= 2**30 else (2**20, 0)
    shown = [f"{one / unit:.{places}f}" for one in (size, total) if one is not None]
    return f"{'/'.join(shown)} {'GiB' if places else 'MiB'}"


def plural(count: int, noun: str) -> str:
    """Return "1 arm", "2 arms"."""
    return f"{grouped(count)} {noun}{'' if count == 1 else 's'}"
