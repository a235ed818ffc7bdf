"""Text that breaks where a reader would break it, and never clips."""

from __future__ import annotations

from functools import cache, lru_cache

import budoux
from kivy.core.text import Label as CoreLabel
from kivy.properties import StringProperty
from kivy.uix.label import Label


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
            pieces.extend(_parser().parse(word))
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
    return int(CoreLabel(font_size=size, font_name=font).get_extents(piece)[0])


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
    return count


class Text(Label):
    """A label whose `say` is broken into lines by phrases; it is as high as its text."""

    say = StringProperty("")

    def __init__(self, **kwargs: object) -> None:
        super().__init__(size_hint_y=None, **kwargs)
        for name in ("say", "width", "font_size", "font_name", "padding", "line_height"):
            self.fbind(name, self._lay)
        self._lay()

    def _lay(self, *_args: object) -> None:
        room = self.width - self.padding[0] - self.padding[2]
        if room <= 1:
            return
        self.text_size = (self.width, None)
        self.text = broken(self.say, self.font_size, self.font_name, room)
        self.texture_update()
        self.height = self.texture_size[1] if self.say else 0


class Cell(Label):
    """A label in a box of a given size: the text stands in the middle of it."""

    say = StringProperty("")

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        for name in ("say", "size", "font_size", "font_name", "line_height"):
            self.fbind(name, self._lay)
        self._lay()

    def _lay(self, *_args: object) -> None:
        if self.width > 1:
            self.text_size = self.size
            self.text = broken(self.say, self.font_size, self.font_name, self.width)


class Tag(Label):
    """A label as wide as its text."""
