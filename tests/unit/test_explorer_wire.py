"""What the explorer sends to the terminal shows the same as what Textual would have sent."""

import re

from hypothesis import given
from hypothesis import strategies as st

from grok_tui.tui.look.wire import thrifty

LOOKS = [
    "",
    "0",
    "1",
    "2",
    "7",
    "31",
    "92",
    "39",
    "49",
    "38;5;12",
    "48;2;1;2;3",
    "38;2;9;8;7;48;2;1;2;3",
    "1;38;2;0;0;0",
]
PIECES = st.one_of(
    st.sampled_from(LOOKS).map("\x1b[{}m".format),
    st.sampled_from(["a", "▌ ", "\r\n", "\x1b[3;4H", "\x1b[?25l"]),
)


def cells(data: str) -> list[tuple[str, frozenset[tuple[str, str]]]]:
    """What a terminal makes of it: each character or other code with the look that it is written in."""
    look: dict[str, str] = {}
    found = []
    for codes, other in re.findall(r"\x1b\[([\d;]*)m|(\x1b\[[?\d;]*[A-Za-ln-z]|.)", data, re.DOTALL):
        if other:
            found.append((other, frozenset(look.items())))
            continue
        numbers = codes.split(";")
        while numbers:
            first = numbers.pop(0) or "0"
            if first in ("38", "48"):
                count = 4 if numbers[0] == "2" else 2
                look[first] = ";".join(numbers[:count])
                del numbers[:count]
            elif first == "0":
                look.clear()
            elif first == "22":
                look.pop("1", None)
                look.pop("2", None)
            elif first in ("39", "49"):
                look.pop("38" if first == "39" else "48", None)
            elif int(first) in (*range(30, 38), *range(90, 98)):
                look["38"] = first
            else:
                look[first] = first
    found.append(("end", frozenset(look.items())))
    return found


@given(st.lists(PIECES, max_size=30).map("".join))
def test_the_same_is_shown_with_hardly_ever_more_bytes(data):
    data += "\x1b[0m"
    sent = thrifty(data)
    assert cells(sent) == cells(data)
    assert len(sent) <= len(data) + 2 * data.count("\x1b")


def test_a_common_background_is_said_once():
    row = "".join(f"\x1b[38;2;{i};0;0;48;2;19;20;24mx\x1b[0m" for i in range(10))
    assert thrifty(row).count("48;2;19;20;24") == 1
    assert len(thrifty(row)) < len(row) / 2
