from __future__ import annotations

import base64
import io
import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from nbformat.v4 import new_output
from PIL import Image

from book.execute import DIGESTS, WIDGET_VIEW
from cvlib.book import FIGURE
from cvlib.data import photograph
from cvlib.figures.description import describe
from tests.regression.comparison import (
    DECIMAL,
    decimals_agree,
    description_difference,
    differences,
    picture_difference,
    text_difference,
)

words = st.text(st.characters(exclude_characters="≈", categories=("L", "P", "S", "Zs")))
values = st.floats(-1e9, 1e9).filter(lambda value: abs(value) > 1e-3)


def encoded(picture: np.ndarray | Image.Image, kind: str = "png") -> str:
    buffer = io.BytesIO()
    picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    picture.save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def curve(power: float, noise: float = 0.0) -> str:
    figure = Figure(figsize=(7, 3), dpi=120)
    x = np.linspace(0, 1, 50)
    axes = figure.subplots()
    axes.plot(x, x**power + noise, linewidth=1.5)
    axes.set_ylim(0, 1)
    buffer = io.BytesIO()
    figure.savefig(buffer)
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("mean 0.12345", "mean 0.12346"),  # one unit in the last place
        ("mean 0.99995", "mean 1.00000"),
        ("loss 1.234e-03", "loss 1.235e-03"),
        ("0.300", "0.3000001"),
        ("[1. 2. 3.]", "[0.99999999 2.         3.        ]"),  # the width moves the blanks
        ("[[0.5 0.25]\n [0.125 1.5]]", "[[0.5  0.25000001]\n [0.125 1.5 ]]"),
        ("tensor([0.5000, -0.0000])", "tensor([0.5000, 0.0000])"),
        ("-0. 0.", "0. -0."),
        ("[0. 1.]", "[3.2e-08 1.0e+00]"),
        ("(nan, inf, -inf, 0.12345)", "(nan, inf, -inf, 0.12346)"),
        ("     a  b\n0.5  1", "            a  b\n0.50000001  1"),
        ("residual 3e-07", "residual 9e-07"),  # below atol
        ("It is 0.12345.", "It is 0.12346."),
        ("<object at 0x7f00aa>", "<object at 0x55d1>"),
        ("<Figure size 840x360 with 3 Axes>", "<Figure size 700x300 with 3 Axes>"),
        ("accuracy ≈ 0.97", "accuracy ≈ 0.5"),
        ("time ≈ -1,234.5 ms", "time ≈ 7 ms"),
        ("a ≈ 3, b ≈ 1e-05.", "a ≈ 3.5, b ≈ 12."),
        ("<td>0.12345</td>", "<td>0.12346</td>"),
    ],
)
def test_texts_that_agree(stored: str, fresh: str) -> None:
    assert text_difference(stored, fresh) is None
    assert text_difference(fresh, stored) is None


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("61706 parameters", "61707 parameters"),
        ("There are 61706.", "There are 61707."),  # a point ends a sentence, too
        ("[61706. 2.]", "[61707. 2.]"),
        ("(3, 4)", "(4, 3)"),
        ("mean 0.5 of 10", "mean 0.5 of 11"),
        ("rate 0.1", "rate 0.2"),  # one unit, but of too few digits
        ("rate 0.001", "rate 0.002"),
        ("rate 1e-05", "rate 2e-05"),
        ("2.5", "2.6"),
        ("mean 0.12345", "mean 0.12349"),
        ("0.500", "-0.500"),
        ("1", "1.0"),
        ("1.5", "nan"),
        ("inf", "-inf"),
        ("inf", "1e+300"),
        ("torch 2.15.0", "torch 2.15.1"),
        ("torch 2.15.0", "torch 2.16.0"),
        ("conv1.25x", "conv1.26x"),
        ("v1.250", "v1.251"),
        ("0.123 0.456", "0.123"),
        ("0.123", "0.123 #"),
        (" ##\n#  ", "  ##\n# "),  # blanks count where no decimal moves them
        ("accuracy ≈ 0.97", "accuracy = 0.97"),
        ("accuracy ≈ 0.97", "precision ≈ 0.97"),
        ("accuracy ≈ 0.97", "accuracy ≈ nan"),
        ("≈ 3 of 10", "≈ 3 of 11"),
        ("at 0x7f00 2", "at 0x7f00 3"),
        ("<Figure size 840x360 with 3 Axes>", "<Figure size 840x360 with 2 Axes>"),
        ("0x10", "0x11"),
    ],
)
def test_texts_that_differ(stored: str, fresh: str) -> None:
    assert text_difference(stored, fresh)
    assert text_difference(fresh, stored)


def test_tolerance_is_the_stated_one() -> None:
    assert decimals_agree("0.5000", "0.5009", atol=1e-3)
    assert decimals_agree("0.5000", "0.5009", rtol=2e-3)
    assert not decimals_agree("0.5000", "0.5012", atol=1e-3)
    assert not decimals_agree("0.5000", "0.5001", rtol=0, atol=0)
    assert decimals_agree("0.0", "5e-07")
    assert not decimals_agree("0.0", "5e-07", atol=1e-7)


def test_message_names_the_number_and_the_gap() -> None:
    message = text_difference("a 0.10\nb 0.2000 0.3", "a 0.10\nb 0.2100 0.4")
    assert message is not None
    assert "decimal 2 of 3 was 0.2000, is 0.2100: 0.01 apart, 0.0001 allowed, and 1 more" in message
    assert "stored | b 0.2000 0.3" in message
    assert "came   | b 0.2100 0.4" in message


def test_message_shows_where_a_long_line_differs() -> None:
    line = "".join(f"<b>{number}</b>" for number in range(10_000))
    message = str(text_difference(line, line.replace(">9000<", ">none<")))
    stored, came = message.splitlines()[1:]
    assert "<b>8999</b><b>9000</b><b>9001</b>" in stored
    assert "<b>8999</b><b>none</b><b>9001</b>" in came
    assert max(map(len, (stored, came))) < 200


def test_message_shows_some_of_many_lines() -> None:
    many = ["\n".join(f"{word} {line}" for line in range(50)) for word in ("old", "new")]
    message = str(text_difference(*many))
    assert len(message.splitlines()) < 15
    assert message.endswith("and 88 lines more")


def test_message_shows_how_the_ends_differ() -> None:
    assert r"'1\n' and '1'" in str(text_difference("1\n", "1"))


@given(words, values, words, st.floats(-1, 1))
@example("", 1.0, "", 0.5)
def test_noise_within_tolerance_passes_in_any_text(
    before: str, value: float, after: str, noise: float
) -> None:
    stored = f"{before} {value!r} {after}"
    assert text_difference(stored, f"{before} {value * (1 + noise * 0.9e-4)!r} {after}") is None


@given(words, values, words, st.floats(2e-4, 1e3), st.booleans())
def test_change_beyond_tolerance_is_told_in_any_text(
    before: str, value: float, after: str, change: float, smaller: bool
) -> None:
    other = value * (1 - change if smaller else 1 + change)
    assume(abs(other - value) > 1.1e-6)
    stored, fresh = f"{before} {value:.9f} {after}", f"{before} {other:.9f} {after}"
    assert text_difference(stored, fresh)


@given(words, st.integers(), st.integers(), words)
def test_integers_are_exact_in_any_text(before: str, one: int, other: int, after: str) -> None:
    assume(one != other)
    assert text_difference(f"{before} {one} {after}", f"{before} {other} {after}")


@given(st.text(), st.text())
def test_any_text_agrees_with_itself_alone(one: str, other: str) -> None:
    assert text_difference(one, one) is None
    assume(not any(DECIMAL.search(text) or "≈" in text or "at 0x" in text for text in (one, other)))
    assert (text_difference(one, other) is None) == (one == other)


@given(st.integers(1, 9_000), st.integers(1, 5), st.booleans())
@example(99, 2, False)
@example(100, 2, False)
def test_one_unit_of_three_digits_may_be_rounding(count: int, places: int, negative: bool) -> None:
    def printed(units: int) -> str:
        return f"{(-1) ** negative * units / 10**places:.{places}f}"

    assert decimals_agree(printed(count), printed(count + 1)) == (count >= 100)
    assert decimals_agree(printed(count + 1), printed(count)) == (count >= 100)
    assert not decimals_agree(printed(count), printed(count + 2))


@given(values, st.floats(0, 1e-3), st.floats(0, 1e-3))
def test_wider_tolerance_never_tells_more(value: float, rtol: float, more: float) -> None:
    stored, fresh = f"{value!r}", f"{value * 1.0003!r}"
    if decimals_agree(stored, fresh, rtol=rtol):
        assert decimals_agree(stored, fresh, rtol=rtol + more)


def test_swapped_pictures_are_told() -> None:
    astronaut = photograph("astronaut")
    others = [photograph("coffee")[:400, :400], astronaut[:, ::-1], astronaut[..., ::-1]]
    size = (400, 400)
    stored = encoded(Image.fromarray(astronaut).resize(size))
    for other in others:
        picture = Image.fromarray(np.ascontiguousarray(other)).resize(size)
        assert "of 255 levels" in str(picture_difference(stored, encoded(picture)))


def test_pictures_of_other_numbers_are_told() -> None:
    assert picture_difference(curve(2), curve(3))
    assert picture_difference(curve(2), curve(2, noise=math.nan))


def test_noise_in_pictures_passes() -> None:
    coffee = photograph("coffee")
    noise = np.random.default_rng(0).integers(-3, 4, coffee.shape)
    noisy = np.clip(coffee + noise, 0, 255).astype(np.uint8)
    assert picture_difference(encoded(coffee), encoded(noisy)) is None
    assert picture_difference(encoded(coffee), encoded(coffee, "jpeg")) is None
    assert picture_difference(curve(2), curve(2, noise=1e-7)) is None


def test_transparent_pictures_are_seen_on_white() -> None:
    glass = np.zeros((40, 40, 4), np.uint8)
    assert picture_difference(encoded(glass), encoded(np.full((40, 40), 255, np.uint8))) is None
    assert picture_difference(encoded(glass), encoded(np.zeros((40, 40), np.uint8)))


def test_colours_of_one_brightness_are_told() -> None:
    red, grey = (np.full((40, 40, 3), colour, np.uint8) for colour in ((255, 0, 0), (76, 76, 76)))
    assert picture_difference(encoded(red), encoded(grey))


def test_levels_and_sizes_have_limits() -> None:
    def grey(level: int, width: int = 64) -> str:
        return encoded(np.full((64, width), level, np.uint8))

    assert picture_difference(grey(100), grey(124)) is None
    assert "differs by 25 of 255 levels, 24 allowed" in str(
        picture_difference(grey(100), grey(125))
    )
    assert picture_difference(grey(100), grey(125), levels=25) is None
    assert picture_difference(grey(100), grey(100, 72)) is None
    assert picture_difference(grey(100), grey(100, 73)) == "the picture was 64x64 pixels, is 73x64"


@pytest.mark.parametrize("junk", ["", "junk", "iVBORw0KGgo=", curve(2)[:2000]])
def test_picture_that_cannot_be_decoded_is_told(junk: str) -> None:
    assert "the new picture cannot be decoded" in str(picture_difference(curve(2), junk))
    assert "the stored picture cannot be decoded" in str(picture_difference(junk, curve(2)))


def test_pictures_in_html_are_compared_as_pictures() -> None:
    def page(*levels: int, kind: str = "webp", word: str = "frame") -> str:
        squares = [encoded(np.full((64, 64, 3), level, np.uint8), kind) for level in levels]
        return "".join(
            f'<img alt="{word} {number}" src="data:image/{kind};base64,{square}">'
            for number, square in enumerate(squares)
        )

    assert text_difference(page(10, 200), page(13, 197)) is None
    assert "embedded picture 2 of 2" in str(text_difference(page(10, 200), page(10, 100)))
    assert "the text differs" in str(text_difference(page(10, 200), page(10)))
    assert "the text differs" in str(text_difference(page(10), page(10, kind="png")))
    message = str(text_difference(page(10), page(10, word="other")))
    assert '<img alt="other 0" src="data:image/webp;base64,…' in message
    assert len(message) < 500
    lines = page(10).replace("base64,UklG", "base64,UklG\n")
    assert text_difference(lines, page(12)) is None


def stream(text: str, name: str = "stdout") -> dict:
    return new_output("stream", name=name, text=text)


def shown(**data: object) -> dict:
    return new_output("display_data", {kind.replace("_", "/"): data[kind] for kind in data})


def test_outputs_are_compared_one_by_one() -> None:
    old = [stream("1\n"), shown(text_plain="2"), stream("3\n")]
    assert differences(old, old) == []
    assert differences([stream("1"), shown(text_plain="1")], [shown(text_plain="1"), stream("1")])
    assert differences(old, old[:2]) == [
        "stored: stdout, text/plain, stdout",
        "came:   stdout, text/plain",
        "came stdout | 1",
        "came text/plain | 2",
    ]
    (message,) = differences(old, [stream("1\n"), shown(text_plain="4"), stream("3\n")])
    assert message.startswith("text/plain (2 of 3): ")


def test_how_a_stream_is_cut_does_not_matter() -> None:
    assert differences([stream("1\n2\n")], [stream("1"), stream("\n"), stream("2\n")]) == []
    assert differences([stream("done\n")], [stream("10 %\r90 %"), stream("\rdone\n")]) == []
    assert differences([stream("1")], [stream("1", "stderr")])


def test_kinds_of_data_that_come_or_go_are_told() -> None:
    both = shown(text_html="<b>1</b>", text_plain="1")
    assert differences([both], [shown(text_plain="1")])
    assert differences([shown(text_plain="1")], [both])
    assert differences([], [both])
    assert differences([both], [])


def test_live_face_of_an_explorer_is_not_compared() -> None:
    live = shown(text_html="<b>1</b>")
    live["data"][WIDGET_VIEW] = {"model_id": "f00"}
    assert differences([shown(text_html="<b>1</b>")], [live]) == []
    assert differences([shown(text_html="<b>2</b>")], [live])


def test_errors_and_json_are_compared() -> None:
    def error(text: str) -> dict:
        return new_output("error", ename="ValueError", evalue=text, traceback=["at line 1"])

    assert differences([error("no")], [error("no") | {"traceback": []}]) == []
    assert differences([error("no")], [error("yes")])
    old, new, other = (shown(application_json={"a": [1, value]}) for value in (0.5, 0.50000001, 2))
    assert differences([old], [new]) == []
    assert differences([old], [other])


def test_tolerances_reach_every_output() -> None:
    numbers = [stream("0.5000")], [stream("0.5100")]
    assert differences(*numbers)
    assert differences(*numbers, atol=0.02) == []
    pictures = [shown(image_png=curve(2))], [shown(image_png=curve(3))]
    assert differences(*pictures)
    assert differences(*pictures, levels=255) == []


def described(numbers: str, **more: object) -> dict:
    return {"axes": [{"lines": [{"y": numbers, "look": "#0072b2"}]}], **more}


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("[0. 100.]", "[0.009 100.]"),  # of the range
        ("[1.e-09 1.]", "[0. 1.]"),
        ("[1. ≈0.93∈[0.9,0.97]]", "[1. ≈0.95∈[0.9,0.97]]"),
        ("[≈0.93∈[0.9,0.97]]", "[≈0.94∈[0.8,0.97]]"),  # two bands held it, one on each machine
        ("[1. ≈1.∈[0.9,1]]", "[1. 1.]"),  # it is one of the measured ones on one machine alone
        ("[nan 1.]", "[nan 1.]"),
        ("[none]", "[none]"),
    ],
)
def test_descriptions_that_agree(stored: str, fresh: str) -> None:
    assert description_difference(described(stored), described(fresh)) is None
    assert description_difference(described(fresh), described(stored)) is None


@pytest.mark.parametrize(
    ("stored", "fresh", "message"),
    [
        ("[0. 100.]", "[0.02 100.]", "figure, axes 1, lines 1, y, number 1 of 2 was 0., is 0.02"),
        ("[1. 2.]", "[1. 2. 3.]", "2 numbers were stored, 3 came"),
        ("[≈0.93∈[0.9,0.97]]", "[≈0.85∈[0.8,0.97]]", "was ≈0.93∈[0.9,0.97], is ≈0.85∈"),
        ("[≈0.93∈[0.9,0.97]]", "[0.98]", "was ≈0.93∈[0.9,0.97], is 0.98"),
        ("[nan 1.]", "[0. 1.]", "number 1 of 2"),
    ],
)
def test_descriptions_that_differ(stored: str, fresh: str, message: str) -> None:
    assert message in str(description_difference(described(stored), described(fresh)))
    assert description_difference(described(fresh), described(stored))


def test_description_that_gains_or_loses_a_part_is_told() -> None:
    more = described("[1.]", legend="a | b")
    assert "lacks legend" in str(description_difference(more, described("[1.]")))
    assert "has legend" in str(description_difference(described("[1.]"), more))
    digests = described("[1.]", **{DIGESTS: ["0f"]})
    assert description_difference(digests, described("[1.]")) is None


def test_what_follows_something_measured_may_be_left_out_on_one_machine() -> None:
    met = {"axes": [{"lines": [{"y": "[1. ≈52.∈[50,54]]"}], "title": "a"}]}
    not_met = {"axes": [{"lines": [{"y": "[1. 52.]"}], "title": "a", "y limits": "[0. 60.]"}]}
    assert description_difference(met, not_met) is None
    assert description_difference(not_met, met) is None
    not_met["axes"][0]["lines"][0]["y"] = "[1. 55.]"
    assert description_difference(met, not_met)
    exact = {"axes": [{"lines": [{"y": "[1. 52.]"}], "title": "a"}]}
    assert "has y limits" in str(description_difference(exact, not_met))


def test_fields_of_a_described_picture_are_held_to_an_eighth_of_the_levels() -> None:
    def square(level: int) -> dict:
        return describe(np.full((64, 64, 3), level, np.uint8))

    assert description_difference(square(100), square(103)) is None
    assert "differs by 4 of 255 levels" in str(description_difference(square(100), square(104)))
    assert description_difference(square(100), square(105), levels=40) is None


@pytest.mark.parametrize(
    ("numbers", "levels"), [("[≈0.93∈[0.9,0.97]]", 255), ("[0.93]", 60), (None, 24)]
)
def test_thumbnail_guards_what_no_description_frees(numbers: str | None, levels: int) -> None:
    def output(level: int) -> list[dict]:
        data = {"image/png": encoded(np.full((64, 64), level, np.uint8))}
        return [
            new_output("display_data", data | ({FIGURE: described(numbers)} if numbers else {})),
            shown(image_png=encoded(np.full((64, 64), 7, np.uint8))),
        ]

    assert differences(output(0), output(levels)) == []
    assert levels == 255 or differences(output(0), output(levels + 1))


@pytest.mark.parametrize(("numbers", "levels"), [("[≈0.93∈[0.9,0.97]]", 255), ("[0.93]", 60)])
def test_drawing_is_guarded_as_a_whole_unless_it_shows_something_measured(
    numbers: str, levels: int
) -> None:
    def output(level: int) -> list[dict]:
        whole = base64.b64encode(bytes([level]) * 1024).decode()
        figure = described(numbers) | {"as a whole": whole}
        return [new_output("display_data", {"image/svg+xml": f"<svg {level}>", FIGURE: figure})]

    assert differences(output(0), output(levels)) == []
    assert levels == 255 or "as a whole" in differences(output(0), output(levels + 1))[0]


def test_what_a_drawing_draws_is_told_before_how_it_looks_as_a_whole() -> None:
    old, new = (
        {"as a whole": base64.b64encode(bytes([level]) * 1024).decode(), "title": title}
        for level, title in ((0, "One"), (255, "Two"))
    )
    assert "title" in str(description_difference(old, new))
