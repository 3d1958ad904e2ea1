"""How the stored outputs of a cell are compared with those of a new run.

Words and integers are compared to the letter, decimals within a tolerance. What follows ``≈`` is
not compared at all: ``cvlib.book.expect`` has held it in its band while the cell ran. A figure is
compared by the description that is stored beside it (:mod:`cvlib.figures.description`), and by a
thumbnail as the last guard, which a figure that shows something measured is spared.
"""

from __future__ import annotations

import base64
import difflib
import io
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from book.execute import DIGESTS, WIDGET_VIEW, merge_streams
from cvlib.book import FIGURE

RTOL = 1e-4
ATOL = 1e-6
LEVELS = 24  # of 255, between thumbnails
THUMBNAIL = 32  # pixels
SIZES = 8  # pixels by which width and height may differ, or
SHAPES = 0.02  # by which the ratio of width to height may differ, at any resolution
DESCRIBED = 2.5  # times LEVELS, for the picture of a described figure: another font or resolution
FIELDS = 1 / 8  # of LEVELS, between the fields of a described picture, which no font blurs
SIGNIFICANT = 3  # digits from which a unit in the last place may be a matter of rounding
LINES = 12  # of a difference, in a message

MEASURED = re.compile(r"≈[ \t]*[-+−]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?")
# What a description leaves out where it would follow something measured.
WHOLE = "as a whole"
FOLLOWING = {"x limits", "x ticks", "y limits", "y ticks", "texts at", "mean and deviation"}
SVG = "image/svg+xml"
# The same frame in another layout, where lines break at other places at another resolution.
PHONE = re.compile(r'<source media="[^>]*>')
FIGURE_SIZE = re.compile(r"<Figure size \d+x\d+")
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
# A decimal has a point, an exponent with its sign, or no digits at all. It is no part of a name
# (`conv1.5x`) or of a version (`2.15.0`), but may end a sentence.
DECIMAL = re.compile(
    r"(?<![\w.])[-+]?(?:"
    r"(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]\d+|nan|NaN|inf"
    r")(?!\w|\.\w)"
)
# A number of a described array, with the band that `expect` held it in if it was measured.
MEASURED_NUMBER = re.compile(r"≈?([^∈]*)(?:∈(.*))?")
PICTURE = re.compile(
    r"data:image/(png|jpeg|webp|gif);base64,([A-Za-z0-9+/]+(?:\n[A-Za-z0-9+/]+)*={0,2})"
)


def differences(
    stored: Iterable[dict[str, Any]],
    fresh: Iterable[dict[str, Any]],
    *,
    rtol: float = RTOL,
    atol: float = ATOL,
    levels: float = LEVELS,
) -> list[str]:
    """Tell how the outputs of two runs of a cell differ; an empty list when they do not."""
    before, after = _comparable(stored), _comparable(fresh)
    kinds = [[kind for kind, _ in side] for side in (before, after)]
    if kinds[0] != kinds[1]:
        found = [f"stored: {_listed(kinds[0])}", f"came:   {_listed(kinds[1])}"]
        return [*found, *_shown("came", after[: LINES // 2])]
    found = []
    shades = levels  # of the next picture: a description beside it has compared the rest
    for number, ((kind, old), (_, new)) in enumerate(zip(before, after, strict=True), 1):
        if kind == FIGURE:
            difference = description_difference(
                json.loads(old), json.loads(new), rtol=rtol, atol=atol, levels=levels
            )
            shades = math.inf if "∈" in old or "∈" in new else DESCRIBED * levels
        elif kind in ("image/png", "image/jpeg"):
            difference = picture_difference(old, new, levels=shades)
        else:
            difference = text_difference(old, new, rtol=rtol, atol=atol, levels=shades)
        if kind in ("image/png", "image/jpeg", "text/html"):
            shades = levels
        if difference:
            found.append(f"{kind} ({number} of {len(before)}): {difference}")
    return found


def _comparable(outputs: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """List the kind and the content of every output, in order, without what never compares."""
    parts: list[tuple[str, str]] = []
    for output in merge_streams(outputs):
        if output["output_type"] == "stream":
            parts.append((output["name"], output["text"]))
        elif output["output_type"] == "error":
            parts.append(("error", f"{output['ename']}: {output['evalue']}"))
        else:
            for kind, content in sorted(output["data"].items()):
                if kind == SVG:  # the description beside it says what it draws
                    parts.append((kind, ""))
                elif kind != WIDGET_VIEW:
                    parts.append((kind, content if isinstance(content, str) else _json(content)))
    return parts


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)


def _listed(kinds: list[str]) -> str:
    return ", ".join(kinds) or "no output"


def _shown(side: str, parts: list[tuple[str, str]]) -> Iterator[str]:
    for kind, content in parts:
        if not kind.startswith("image/"):
            yield f"{side} {kind} | {_window(_blanked(content.rstrip()), 0)}"


def description_difference(
    stored: Any,
    fresh: Any,
    *,
    rtol: float = RTOL,
    atol: float = ATOL,
    levels: float = LEVELS,
    place: str = "figure",
) -> str | None:
    """Tell where two descriptions of figures first differ.

    Texts are compared as :func:`text_difference` does; arrays by ``rtol`` of their range or of
    their values; the fields of a picture by an eighth of ``levels``. A number that was measured
    on either side is free within its band, or within both where two bands held it.
    """
    if isinstance(stored, dict) and isinstance(fresh, dict):
        # The digests bind a description to the bytes stored beside it, which may change.
        stored, fresh = (
            {k: v for k, v in side.items() if k != DIGESTS} for side in (stored, fresh)
        )
        if "∈" in f"{stored}{fresh}":  # on one machine alone a number may equal a measured one
            both = stored.keys() & fresh.keys()
            stored, fresh = (
                {k: v for k, v in side.items() if k != WHOLE and (k in both or k not in FOLLOWING)}
                for side in (stored, fresh)
            )
        lost, come = stored.keys() - fresh.keys(), fresh.keys() - stored.keys()
        if lost or come:
            return f"{place} has {_named(come)} and lacks {_named(lost)}"
        names = sorted(stored, key=lambda name: name == WHOLE)  # parts say more than the whole
        parts = [(f"{place}, {name}", stored[name], fresh[name]) for name in names]
    elif isinstance(stored, list) and isinstance(fresh, list):
        if len(stored) != len(fresh):
            return f"{place} was {len(stored)}, is {len(fresh)}: stored {stored}, came {fresh}"
        pairs = enumerate(zip(stored, fresh, strict=True), 1)
        parts = [(f"{place} {number}", old, new) for number, (old, new) in pairs]
    else:
        return _leaf_difference(str(stored), str(fresh), rtol, atol, levels, place)
    options = {"rtol": rtol, "atol": atol, "levels": levels}
    found = (description_difference(old, new, place=at, **options) for at, old, new in parts)
    return next(filter(None, found), None)


def _named(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing more"


def _leaf_difference(
    stored: str, fresh: str, rtol: float, atol: float, levels: float, place: str
) -> str | None:
    if stored == fresh:
        return None
    if place.endswith(("thumbnail", WHOLE)):
        old, new = (np.frombuffer(base64.b64decode(side), np.uint8) for side in (stored, fresh))
        allowed = max(1, levels * (DESCRIBED if place.endswith(WHOLE) else FIELDS))
        gap = np.abs(old.astype(int) - new).max() if old.shape == new.shape else 255
        message = f"{place}: a field differs by {gap} of 255 levels, {allowed:g} allowed"
        return message if gap > allowed else None
    if stored.startswith("[") and fresh.startswith("["):
        return _array_difference(stored, fresh, rtol, atol, place)
    difference = text_difference(stored, fresh, rtol=rtol, atol=atol)
    return f"{place}: {difference}" if difference else None


def _array_difference(stored: str, fresh: str, rtol: float, atol: float, place: str) -> str | None:
    sides = [side[1:-1].split() for side in (stored, fresh)]
    if len(sides[0]) != len(sides[1]):
        return f"{place}: {len(sides[0])} numbers were stored, {len(sides[1])} came"
    old, new = ([MEASURED_NUMBER.fullmatch(word) for word in side] for side in sides)
    values = np.array([[float(word[1] or "nan") for word in side] for side in (old, new)])
    finite = values[0][np.isfinite(values[0])]
    span = np.ptp(finite) if finite.size else 0.0
    for number, (was, now) in enumerate(zip(old, new, strict=True)):
        before, after = values[:, number]
        # The ledger holds the bands. On one machine alone a number may equal a measured one.
        bands = [_band(word[2]) for word in (was, now) if word[2]]
        if bands and all(low <= each <= high for low, high in bands for each in (before, after)):
            continue
        same = before == after or (math.isnan(before) and math.isnan(after))
        if not same and not abs(before - after) <= max(atol, rtol * max(span, abs(before))):
            return f"{place}, number {number + 1} of {len(old)} was {was[0]}, is {now[0]}"
    return None


def _band(text: str) -> tuple[float, float]:
    low, high = text.strip("[]").split(",")
    return float(low), float(high)


def text_difference(
    stored: str,
    fresh: str,
    *,
    rtol: float = RTOL,
    atol: float = ATOL,
    levels: float = LEVELS,
) -> str | None:
    """Tell how two texts differ, with the pictures that are embedded in them."""
    stored, fresh = (PHONE.sub("", text) for text in (stored, fresh))
    if stored == fresh:
        return None
    pictures = [PICTURE.findall(text) for text in (stored, fresh)]
    old, new = (_blanked(text) for text in (stored, fresh))
    skeletons = [_skeleton(text) for text in (old, new)]
    if skeletons[0] != skeletons[1]:
        return "the text differs\n" + _line_difference(old, new)
    numbers = _number_difference(old, new, rtol, atol)
    if numbers:
        return numbers
    for number, ((_, before), (_, after)) in enumerate(zip(*pictures, strict=True), 1):
        difference = picture_difference(before, after, levels=levels)
        if difference:
            return f"embedded picture {number} of {len(pictures[0])}: {difference}"
    return None


def _blanked(text: str) -> str:
    text = PICTURE.sub(r"data:image/\1;base64,…", text)
    text = FIGURE_SIZE.sub("<Figure", text)  # the picture's shape is compared, at any resolution
    return ADDRESS.sub("at 0x…", MEASURED.sub("≈ …", text))


def _skeleton(text: str) -> str:
    """Take the decimals out, and with them the blanks and line breaks that their width moves."""
    if not DECIMAL.search(text):
        return text
    text = re.sub(rf"\s*{DECIMAL.pattern}\s*", "\0", text)
    return re.sub(r"\s+", " ", text)


def _number_difference(stored: str, fresh: str, rtol: float, atol: float) -> str | None:
    pairs = list(zip(DECIMAL.finditer(stored), DECIMAL.finditer(fresh), strict=True))
    wrong = [
        (number, old, new)
        for number, (old, new) in enumerate(pairs, 1)
        if not decimals_agree(old.group(), new.group(), rtol=rtol, atol=atol)
    ]
    if not wrong:
        return None
    number, old, new = wrong[0]
    gap = abs(float(old.group()) - float(new.group()))
    allowed = _allowed(old.group(), new.group(), rtol, atol)
    others = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return (
        f"decimal {number} of {len(pairs)} was {old.group()}, is {new.group()}: "
        f"{gap:.2g} apart, {allowed:.2g} allowed{others}\n"
        f"  stored | {_line_around(stored, old)}\n"
        f"  came   | {_line_around(fresh, new)}"
    )


def decimals_agree(stored: str, fresh: str, *, rtol: float = RTOL, atol: float = ATOL) -> bool:
    """Tell whether two printed decimals may be the same number.

    They may be ``atol`` apart, or ``rtol`` times the stored one, or one unit in the last place
    that both print, where at least three digits count: fewer digits are too coarse to take 0.2
    for 0.1. Without a tolerance (``rtol=0``) there is no unit either. ``7.`` is an integer.
    """
    old, new = float(stored), float(fresh)
    if old == new or (math.isnan(old) and math.isnan(new)):
        return True
    if not (math.isfinite(old) and math.isfinite(new)):
        return False
    if stored.endswith(".") and fresh.endswith("."):
        return False
    return abs(old - new) <= _allowed(stored, fresh, rtol, atol)


def _allowed(stored: str, fresh: str, rtol: float, atol: float) -> float:
    allowed = max(atol, rtol * abs(float(stored)))
    if rtol and all(_digits(number) >= SIGNIFICANT for number in (stored, fresh)):
        allowed = max(allowed, 1.001 * min(unit(stored), unit(fresh)))
    return allowed


def _digits(decimal: str) -> int:
    """Count the significant digits of a decimal with a point."""
    mantissa = re.split("[eE]", decimal)[0]
    return len(re.sub(r"\D", "", mantissa).lstrip("0")) if "." in mantissa else 0


def unit(decimal: str) -> float:
    """Give the value of one unit in the last place."""
    mantissa, _, exponent = decimal.lower().partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def _line_around(text: str, found: re.Match[str]) -> str:
    begin = text.rfind("\n", 0, found.start()) + 1
    end = text.find("\n", found.end())
    return _window(text[begin : end if end >= 0 else len(text)], found.start() - begin)


def _line_difference(stored: str, fresh: str) -> str:
    old, new = stored.splitlines(), fresh.splitlines()
    shown = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            characters = enumerate(zip(*old[a : a + 1], *new[c : c + 1], strict=False))
            at = next((place for place, pair in characters if len(set(pair)) > 1), 0)
            shown += [f"  stored | {_window(line, at)}" for line in old[a:b]]
            shown += [f"  came   | {_window(line, at)}" for line in new[c:d]]
    if len(shown) > LINES:
        shown[LINES:] = [f"  and {len(shown) - LINES} lines more"]
    return "\n".join(shown) or f"  only in how it ends: {stored[-9:]!r} and {fresh[-9:]!r}"


def _window(line: str, at: int) -> str:
    """Show what surrounds a place of a line, where the whole is long."""
    if len(line) <= 160:
        return line
    begin, end = max(0, at - 70), at + 90
    return "…" * (begin > 0) + line[begin:end] + "…" * (end < len(line))


def picture_difference(stored: str, fresh: str, *, levels: float = LEVELS) -> str | None:
    """Tell how two pictures in base64 differ.

    On white, shrunk to 32 by 32 pixels, no channel of any pixel may be more than ``levels`` of
    255 apart. Colours count: red and blue swapped may leave the brightness nearly as it was.
    """
    if stored == fresh:
        return None
    sides = []
    for side, data in (("stored", stored), ("new", fresh)):
        try:
            sides.append(_thumbnail(base64.b64decode(data)))
        except Exception as error:  # Pillow's decoders raise what they like
            return f"the {side} picture cannot be decoded ({type(error).__name__})"
    (old_size, old), (new_size, new) = sides
    close = all(abs(a - b) <= SIZES for a, b in zip(old_size, new_size, strict=True))
    stretch = old_size[0] * new_size[1] / (old_size[1] * new_size[0])
    if not close and abs(math.log(stretch)) > SHAPES:
        return "the picture was {}x{} pixels, is {}x{}".format(*old_size, *new_size)
    gap = np.abs(old - new).max(axis=2)
    if gap.max() <= levels:
        return None
    row, column = np.unravel_index(gap.argmax(), gap.shape)
    return (
        f"the picture differs by {gap.max():.0f} of 255 levels, {levels:g} allowed, most at "
        f"{column / THUMBNAIL:.0%} of its width and {row / THUMBNAIL:.0%} of its height; "
        f"{(gap > levels).mean():.0%} of its area differs so"
    )


def _thumbnail(data: bytes) -> tuple[tuple[int, int], np.ndarray[Any, Any]]:
    picture = Image.open(io.BytesIO(data)).convert("RGBA")
    card = Image.new("RGBA", picture.size, "white")
    card.alpha_composite(picture)
    small = card.convert("RGB").resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    return picture.size, np.asarray(small, dtype=float)
