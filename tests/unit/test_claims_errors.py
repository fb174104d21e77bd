"""What the claim language refuses, and what it says then."""

import pytest

from grok_tui.claims import ClaimError, parse

MEASURES = {"sgd": ["loss", "bias"], "adam": ["loss", "bias"]}
EVENTS = ["fit", "grok", "divergence", "slingshot"]
NUMBERS = {"slingshot": ["duration", "peak_loss", "norm_growth"]}


def complaint(text: str) -> str:
    with pytest.raises(ClaimError) as caught:
        parse(text).check(MEASURES, EVENTS, NUMBERS)
    message = str(caught.value)
    assert message.isprintable(), "one line that is safe on a terminal"
    return message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("end(adan.loss) < 1", "unknown arm 'adan'; did you mean 'adam'?"),
        ("never(sdg.grok)", "unknown arm 'sdg'; did you mean 'sgd'?"),
        ("end(adam.bais) < 1", "unknown measure 'bais' of arm 'adam'; did you mean 'bias'?"),
        ("never(adam.grk)", "unknown event 'grk' of arm 'adam'; did you mean 'grok'?"),
        ("end(adam.grok) < 1", "'adam.grok' is an event, not a measure"),
        (
            "first_step(adam.loss) < 1",
            "'adam.loss' is a measure, not an event; compare it, as in adam.loss < 1",
        ),
        ("ned(adam.loss) < 1", "unknown function 'ned'; did you mean 'end'?"),
        ("eval(adam.loss) < 1", "unknown function 'eval'"),
        ("end(adam.loss", "syntax error at column 4: '(' was never closed"),
        ("end(adam.loss) <", "syntax error at column 17"),
        ("end(adam.loss) = 1", "syntax error at column 16"),
        ("end adam.loss < 1", "syntax error at column 5"),
        ("1in [0, 1]", "syntax error at column 1: invalid decimal literal"),
        ("", "the condition is empty"),
        (" \n ", "the condition is empty"),
        ("end(adam.loss)", "'end(adam.loss)' is a number where a comparison is needed"),
        ("adam.loss", "'adam.loss' is a curve where a comparison is needed"),
        ("adam.loss < 1", "'adam.loss < 1' is true or false at each step"),
        ("1 < 2 and not adam.loss < 1", "is true or false at each step"),
        ("end(adam.bias) in [0, adam.loss]", "is true or false at each step"),
        ("end(3) < 1", "'3' is a number where end(curve) needs a curve"),
        ("end(end(adam.loss)) < 1", "'end(adam.loss)' is a number where end(curve) needs a curve"),
        ("at(adam.loss, adam.loss) < 1", "'adam.loss' is a curve where at(step, curve) needs a number"),
        ("max(adam.loss, adam.bias) < 1", "is a curve where max(curve[, from[, to]]) needs a number"),
        ("first_step(adam.grok, adam.loss) < 1", "'adam.loss' is a curve where first_step("),
        ("last_step(adam.grok, 3) < 1", "does not fit last_step(condition or arm.event)"),
        ("first_step(3) < 1", "'3' is a number where a comparison is needed"),
        ("first_step(1 < 2) < 1", "'1 < 2' does not change from step to step"),
        ("never(end(adam.loss) < 1)", "does not change from step to step"),
        ("always(adam.grok)", "'adam.grok' is a curve where a comparison is needed"),
        ("count(adam.loss < 1) == 0", "'adam.loss < 1' is not an event; write count(arm.event)"),
        ("end(adam.loss < 1) < 1", "'adam.loss < 1' is true or false where a number or a curve is needed"),
        ("never(adam.grok) < 1", "is true or false where a number or a curve is needed"),
        ("(1 < 2) + 1 < 1", "'1 < 2' is true or false"),
        ("end(adam.loss, 3) < 1", "'end(adam.loss, 3)' does not fit end(curve)"),
        ("end() < 1", "'end()' does not fit end(curve)"),
        ("max(adam.loss, 1, 2, 3) < 1", "does not fit max(curve[, from[, to]])"),
        ("end(*adam.loss) < 1", "does not fit end(curve)"),
        ("end(curve=adam.loss) < 1", "does not fit end(curve)"),
        ("1 in [2, 1]", "'[2, 1]' is an empty interval"),
        ("1 in [1, 2, 3]", "'[1, 2, 3]' is not an interval; write 'in [low, high]'"),
        ("1 in (1, 2)", "is not an interval"),
        ("1 in 2", "is not an interval"),
        ("1 in [1, 2] < 3", "nothing may follow 'in [low, high]'"),
        ("[1, 2] < 3", "an interval belongs after 'in'"),
        ("1 not in [1, 2]", "an operator that is not part of the claim language; valid: <, <="),
        ("1 is 1", "an operator that is not part of the claim language"),
        ("adam < 1", "'adam' stands alone; write arm.measure"),
        ("end < 1", "'end' is a function; write end(curve)"),
        ("end(adam.a.b.real) < 1", "'adam.a.b.real' is not of the form arm.measure or arm.event.number"),
        ("end(adan.slingshot.duration) < 1", "unknown arm 'adan'; did you mean 'adam'?"),
        (
            "end(adam.slingshto.duration) < 1",
            "unknown event 'slingshto' of arm 'adam'; did you mean 'slingshot'?",
        ),
        (
            "end(adam.slingshot.peak) < 1",
            "unknown number 'peak' of event 'slingshot'; did you mean 'peak_loss'?",
        ),
        ("end(adam.slingshot.x) < 1", "'slingshot'; valid: duration, norm_growth, peak_loss"),
        ("end(adam.grok.duration) < 1", "the event 'grok' has no numbers, so no 'duration'"),
        ("end(adam.loss.real) < 1", "'adam.loss' is a measure, not an event; it has no number 'real'"),
        (
            "end(adam.slingshot) < 1",
            "never(adam.slingshot), count(adam.slingshot) or adam.slingshot.duration",
        ),
        ("end(adam.grok) < 1", "write first_step(adam.grok), never(adam.grok) or count(adam.grok)"),
        ("adam.slingshot.duration < 1", "'adam.slingshot.duration < 1' is true or false at each step"),
        (
            "never(adam.slingshot.duration)",
            "'adam.slingshot.duration' is a curve where a comparison is needed",
        ),
        ("count(adam.slingshot.duration) < 1", "is not an event; write count(arm.event)"),
        ("end(gain(adam.loss, adam.slingshot)) < 1", "does not fit gain(curve, arm.event, after)"),
        (
            "end(gain(3, adam.slingshot, 9)) < 1",
            "'3' is a number where gain(curve, arm.event, after) needs a curve",
        ),
        ("end(gain(adam.loss, 3, 9)) < 1", "'3' is not an event; write gain(curve, arm.event, after)"),
        ("end(gain(adam.loss, adam.slingshot.duration, 9)) < 1", "'adam.slingshot.duration' is not an event"),
        ("end(gain(adam.loss, adam.bias, 9)) < 1", "'adam.bias' is a measure, not an event"),
        ("end(gain(adam.loss, adam.grok, adam.loss)) < 1", "'adam.loss' is a curve where gain("),
        ("gain(adam.loss, adam.grok, 9) < 1", "is true or false at each step"),
        ("share(adam.slingshot) < 1", "'adam.slingshot' is a curve where a comparison is needed"),
        ("share(1 < 2) < 1", "'1 < 2' does not change from step to step; write share(condition)"),
        ("share(adam.loss < 1)", "'share(adam.loss < 1)' is a number where a comparison is needed"),
        ("True", "'True' is not a number"),
        ("None < 1", "'None' is not a number"),
        ("... < 1", "'...' is not a number"),
        ("1j < 1", "'1j' is not a number"),
        ("1 // 2 < 1", "'1 // 2' is not part of the claim language"),
        ("1 if 1 < 2 else 3", "is not part of the claim language"),
        ("end(adam.loss)(1) < 1", "is not part of the claim language"),
        ("adam[0] < 1", "'adam[0]' is not part of the claim language"),
        ("(1 for x in y) < 1", "is not part of the claim language"),
        ("end(adam.loss) < 1 # and more", "'#' at column 20 is not part of the claim language"),
        ("'loss' < 1", '"\'" at column 1 is not part of the claim language'),
        ("lambda: 1", "':' at column 7 is not part of the claim language"),
    ],
)
def test_an_error_says_what_is_wrong_and_what_was_meant(text, message):
    assert message in complaint(text)


@pytest.mark.parametrize(
    "text",
    [
        "1 < 2\0",
        "1 < 2\x1b[2J",
        "1 < 2\u202e",
        "\ud800 < 1",
        "é" * 2000 + " < 1",
        "(" * 60 + "1" + ")" * 60 + " < 2",
        "(" * 1999,
        "[" * 1999,
        "-" * 1990 + "1 < 2",
        "not " * 490 + "1 < 2",
        "1" + "+1" * 900 + " < 2",
        "1" + "**1" * 600 + " < 2",
        "end(" * 400 + "sgd.loss" + ")" * 400 + " < 1",
        "a" + ".a" * 900 + " < 1",
        "9" * 1900 + " < 1",
        "1e999 < 1",
        "-1e999 < 1",
        "1 < 2 and " * 300 + "1 < 2",
        "__import__('os').system('true') < 1",
        "().__class__.__bases__ < 1",
    ],
    ids=lambda text: f"{text[:12]!r}",
)
def test_hostile_text_gives_one_short_line(text):
    assert len(complaint(text)) < 250
