"""Text that breaks where a reader would break it, in any script, and never clips."""

from __future__ import annotations

from functools import cache, lru_cache

import budoux
from kivy.core.text import Label as CoreLabel
from kivy.properties import ListProperty, StringProperty
from kivy.uix.label import Label
from kivy.utils import escape_markup

from ui.fonts import runs

NEVER_FIRST = frozenset(
    "、。，．・：；！？」』）】〉》〕…‥ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々!?),.:;]}%"
)
"""What no line may begin with (kinsoku)."""


@cache
def _parser() -> budoux.Parser:
    return budoux.load_default_japanese_parser()


@lru_cache(maxsize=2000)
def phrases(text: str) -> tuple[str, ...]:
    """Pieces that stay on one line: phrases in Japanese (BudouX), words elsewhere."""
    pieces: list[str] = []
    for word in _words(text):
        if all(ord(char) < 0x3000 for char in word):
            pieces.append(word)
        else:
            for piece in _parser().parse(word):
                if pieces and piece[0] in NEVER_FIRST:
                    pieces[-1] += piece
                else:
                    pieces.append(piece)
    return tuple(pieces)


def _words(text: str) -> list[str]:
    """Split after blanks, which stay with the word before them."""
    words, current = [], ""
    for char in text:
        current += char
        if char in " 　":
            words.append(current)
            current = ""
    return [*words, current] if current else words


@lru_cache(maxsize=4000)
def _width(piece: str, size: float, font: str) -> int:
    return sum(
        int(CoreLabel(font_size=size, font_name=name).get_extents(part)[0])
        for name, part in runs(piece, font)
    )


def forget() -> None:
    """Drop every text measured so far (the caches would keep a resident's titles)."""
    phrases.cache_clear()
    _width.cache_clear()


def broken(text: str, size: float, font: str, width: float) -> str:
    """The text with line breaks so that no line is wider than `width` (a longer phrase is cut anywhere)."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in phrases(paragraph):
            if line and _width((line + piece).rstrip(), size, font) > width:
                lines.append(line.rstrip())
                line = piece
            else:
                line += piece
            while len(line) > 1 and _width(line.rstrip(), size, font) > width:
                cut = _fitting(line, size, font, width)
                lines.append(line[:cut])
                line = line[cut:]
        lines.append(line.rstrip())
    return "\n".join(lines)


def _fitting(line: str, size: float, font: str, width: float) -> int:
    count = 1
    while count < len(line) and _width(line[: count + 1], size, font) <= width:
        count += 1
    while 1 < count < len(line) and line[count] in NEVER_FIRST:
        count -= 1
    return count


def shortened(text: str, size: float, font: str, width: float, lines: int) -> str:
    """Broken into at most so many lines; a longer text ends with "…", so that it is seen to go on."""
    found = broken(text, size, font, width).split("\n")
    if len(found) <= lines:
        return "\n".join(found)
    last = found[lines - 1]
    while last and _width(last + "…", size, font) > width:
        last = last[:-1]
    return "\n".join([*found[: lines - 1], last + "…"])


class _Said(Label):
    """A label that sets every run of its text in a font that has its letters."""

    say = StringProperty("")

    def _write(self, text: str) -> None:
        parts = runs(text, self.font_name)
        self.markup = len(parts) > 1
        if self.markup:
            text = "".join(f"[font={font}]{escape_markup(part)}[/font]" for font, part in parts)
        elif parts:
            text = parts[0][1]  # may be a geta mark
        self.text = text


class Text(_Said):
    """A label whose `say` is broken into lines by phrases; it is as high as its text."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(size_hint_y=None, **kwargs)
        for name in ("say", "width", "font_size", "font_name", "padding", "line_height"):
            self.fbind(name, self._lay)
        self._lay()

    def _lay(self, *_args: object) -> None:
        room = self.width - self.padding[0] - self.padding[2]
        if not self.say or room <= 1:
            self.text, self.height = "", 0
            return
        self.text_size = (self.width, None)
        self._write(broken(self.say, self.font_size, self.font_name, room))
        self.texture_update()
        self.height = self.texture_size[1]


class Cell(_Said):
    """A label in a box of a given size, set in the first of its `sizes` that fits.

    A text too long even for the smallest ends with "…": a book's title may be of any length.
    """

    sizes = ListProperty([])

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        for name in ("say", "size", "sizes", "font_name", "line_height"):
            self.fbind(name, self._lay)
        self._lay()

    def _lay(self, *_args: object) -> None:
        if not self.say or self.width <= 1 or not self.sizes:
            self.text = ""
            return
        self.text_size = (self.width, None)
        for size in self.sizes:
            self.font_size = size
            self._write(broken(self.say, size, self.font_name, self.width))
            if self._fits():
                return
        for lines in range(self.text.count("\n"), 0, -1):
            self._write(shortened(self.say, self.font_size, self.font_name, self.width, lines))
            if self._fits():
                return

    def _fits(self) -> bool:
        self.texture_update()
        return bool(self.texture_size[1] <= self.height)


class Tag(_Said):
    """A label as wide as its text."""

    def on_say(self, *_args: object) -> None:
        self._write(self.say)
        self.texture_update()
