"""Draws the icon in the size in which it is shown.

Every state has a shape of its own, recognisable without colours and at 16 pixels: a sheet
with a tick, an arrow over a bar, two bars, an empty sheet struck through, a triangle with
an exclamation mark, an empty frame with a plus. The colours keep a contrast of 3:1 and more to
white and to black, so that one icon serves light and dark panels.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from watcher.model.snapshot import AppState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Point = tuple[float, float]

BLUE: Final = (37, 116, 222, 255)
GREY: Final = (124, 130, 140, 255)
ORANGE: Final = (222, 84, 14, 255)
WHITE: Final = (255, 255, 255, 255)
NOTHING: Final = (0, 0, 0, 0)

#: Pixels drawn for one that is shown, in each direction.
_FINER: Final = 8


def draw(state: AppState, size: int) -> Image.Image:
    """Return the icon for ``state``, ``size`` pixels (at least 16) wide and high, RGBA."""
    pen = _Pen(size)
    _DRAWN[state](pen)
    return pen.finish()


class _Pen:
    """Draws in the pixels of the finished icon, rounded so that edges stay crisp."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._image = Image.new("RGBA", (size * _FINER, size * _FINER), NOTHING)
        self._draw = ImageDraw.Draw(self._image)

    def at(self, part: float) -> int:
        """Return the pixel nearest to a part (0 to 1) of the whole."""
        return round(part * self.size)

    def thick(self, part: float) -> int:
        """Return the same for the thickness of a line: at least 1."""
        return max(1, self.at(part))

    def shape(self, points: Sequence[Point], colour: tuple[int, ...]) -> None:
        self._draw.polygon([(x * _FINER, y * _FINER) for x, y in points], fill=colour)

    def box(self, box: tuple[float, float, float, float], colour: tuple[int, ...]) -> None:
        """Draw a rectangle from its first corner up to, not including, its second."""
        left, top, right, bottom = (each * _FINER for each in box)
        self._draw.rectangle((left, top, right - 1, bottom - 1), fill=colour)

    def round_box(
        self, box: tuple[float, float, float, float], radius: float, colour: tuple[int, ...]
    ) -> None:
        left, top, right, bottom = (each * _FINER for each in box)
        self._draw.rounded_rectangle(
            (left, top, right - 1, bottom - 1), radius * _FINER, fill=colour
        )

    def line(self, points: Sequence[Point], width: float, colour: tuple[int, ...]) -> None:
        """Draw a line with round ends and corners."""
        wide = width * _FINER
        fine = [(x * _FINER, y * _FINER) for x, y in points]
        self._draw.line(fine, fill=colour, width=round(wide), joint="curve")
        for x, y in fine:
            self._draw.ellipse(
                (x - wide / 2, y - wide / 2, x + wide / 2 - 1, y + wide / 2 - 1), fill=colour
            )

    def finish(self) -> Image.Image:
        return self._image.resize((self.size, self.size), Image.Resampling.BOX)


def _sheet(pen: _Pen, colour: tuple[int, ...], hollow: int = 0) -> tuple[int, int, int, int]:
    """Draw a sheet of paper with a folded corner; ``hollow``: only its outline, this thick."""
    left, top, right, bottom = pen.at(0.14), pen.at(0.04), pen.at(0.86), pen.at(0.96)
    fold = pen.at(0.24)
    outline = [(left, top), (right - fold, top), (right, top + fold), (right, bottom),
               (left, bottom)]  # fmt: skip
    pen.shape(outline, colour)
    if hollow:
        inner = fold - hollow * 0.4
        pen.shape(
            [(left + hollow, top + hollow), (right - inner - hollow, top + hollow),
             (right - hollow, top + inner + hollow), (right - hollow, bottom - hollow),
             (left + hollow, bottom - hollow)],
            NOTHING,
        )  # fmt: skip
    return left, top, right, bottom


def _idle(pen: _Pen) -> None:
    left, top, right, bottom = _sheet(pen, BLUE)
    wide, high = right - left, bottom - top
    pen.line(
        [(left + wide * 0.2, top + high * 0.58), (left + wide * 0.42, top + high * 0.78),
         (left + wide * 0.8, top + high * 0.38)],
        pen.thick(0.12), WHITE,
    )  # fmt: skip


def _working(pen: _Pen) -> None:
    middle = pen.size / 2
    base = pen.at(0.78)
    stem, head = pen.thick(0.13), pen.at(0.3)
    pen.shape([(middle, 0), (middle + head, pen.at(0.3)), (middle - head, pen.at(0.3))], BLUE)
    pen.box((middle - stem, pen.at(0.28), middle + stem, base - pen.thick(0.04)), BLUE)
    pen.round_box((0, base, pen.size, pen.size), pen.size * 0.1, BLUE)


def _paused(pen: _Pen) -> None:
    bar, gap = pen.at(0.28), pen.thick(0.16)
    left = (pen.size - 2 * bar - gap) // 2
    top, bottom = pen.at(0.1), pen.at(0.9)
    for start in (left, left + bar + gap):
        pen.round_box((start, top, start + bar, bottom), pen.size * 0.06, GREY)


def _offline(pen: _Pen) -> None:
    _sheet(pen, GREY, pen.thick(0.1))
    ends = [(pen.size * 0.1, pen.size * 0.9), (pen.size * 0.9, pen.size * 0.14)]
    pen.line(ends, pen.thick(0.1) * 2.6, NOTHING)
    pen.line(ends, pen.thick(0.11), GREY)


def _attention(pen: _Pen) -> None:
    middle = pen.size / 2
    edge = pen.size * 0.08
    pen.line(
        [(middle, edge * 1.4), (pen.size - edge, pen.size * 0.94 - edge / 2),
         (edge, pen.size * 0.94 - edge / 2), (middle, edge * 1.4)],
        edge * 1.6, ORANGE,
    )  # fmt: skip
    pen.shape([(middle, edge), (pen.size - edge, pen.size * 0.94), (edge, pen.size * 0.94)], ORANGE)
    half = max(1.0, round(pen.size * 0.075))
    pen.box((middle - half, pen.at(0.34), middle + half, pen.at(0.66)), WHITE)
    pen.box((middle - half, pen.at(0.74), middle + half, pen.at(0.74) + 2 * half), WHITE)


def _not_set_up(pen: _Pen) -> None:
    thick = pen.thick(0.1)
    left, top, right, bottom = pen.at(0.06), pen.at(0.06), pen.at(0.94), pen.at(0.94)
    pen.box((left, top, right, bottom), BLUE)
    pen.box((left + thick, top + thick, right - thick, bottom - thick), NOTHING)
    gap = pen.thick(0.17)
    middle = pen.size / 2
    for box in (
        (middle - gap, 0, middle + gap, pen.size),
        (0, middle - gap, pen.size, middle + gap),
    ):
        pen.box(box, NOTHING)
    half, arm = max(1.0, round(pen.size * 0.065)), pen.at(0.24)
    pen.box((middle - half, middle - arm, middle + half, middle + arm), BLUE)
    pen.box((middle - arm, middle - half, middle + arm, middle + half), BLUE)


_DRAWN: Final[Mapping[AppState, Callable[[_Pen], None]]] = MappingProxyType(
    {
        AppState.IDLE: _idle,
        AppState.WORKING: _working,
        AppState.PAUSED: _paused,
        AppState.OFFLINE: _offline,
        AppState.ATTENTION: _attention,
        AppState.NOT_SET_UP: _not_set_up,
    }
)
