"""The words on the screen: gettext catalogues by short keys, dates and places in the resident's language."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from importlib import resources

from babel.dates import format_skeleton
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from kiosk.clock import local
from kiosk.views import BookingLine, Period, Place

LANGUAGES = ("ja", "ja_simple", "en")
"""Languages that are complete; the first is the one a visit begins in."""
_LOCALES = {"ja": "ja_JP", "ja_simple": "ja_JP", "en": "en_GB"}


@cache
def catalogue(language: str) -> Catalog:
    """The gettext catalogue of a language."""
    with (resources.files("ui.i18n") / f"{language}.po").open("rb") as file:
        return read_po(file)


class Words:
    """Everything that can be said, in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = catalogue(language)
        self._locale = _LOCALES[language]

    def __call__(self, key: str, **values: object) -> str:
        """The sentence for a key; KeyError for one that does not exist (a test keeps that from happening)."""
        message = self._catalogue.get(key)
        if message is None or not message.string:
            raise KeyError(f"{key} is not in the catalogue {self.language}")
        text = str(message.string)
        return text.format(**values) if values else text

    def reason(self, code: str) -> str:
        """The sentence of a refusal or trouble."""
        return self(f"e.{code}")

    def day(self, on: date) -> str:
        """A day: 11月22日(日), Sun 22 Nov."""
        return str(format_skeleton("MMMEd", on, locale=self._locale))

    def short_day(self, on: date) -> str:
        """A day without its month, for a row of days: 22日(日), Sun 22."""
        return str(format_skeleton("Ed", on, locale=self._locale))

    def clock(self, moment: datetime) -> str:
        """The time of day of a moment, in the ward."""
        return local(moment).strftime("%H:%M")

    def hours(self, period: Period) -> str:
        """From when to when: 13:00〜17:00."""
        start, end = (f"{m // 60}:{m % 60:02d}" for m in (period.start_minute, period.end_minute))
        if self.language == "ja_simple":
            return f"{start}から {end}まで"
        return f"{start}–{end}" if self.language == "en" else f"{start}〜{end}"

    def period(self, period: Period) -> str:
        """Slot and hours: 午後　13:00〜17:00."""
        if period.label == "hours":
            return self.hours(period)
        return f"{self(f'period.{period.label}')}　{self.hours(period)}"

    def place(self, place: Place) -> str:
        """A name in the form this language reads: kanji, kana, or Latin letters."""
        forms = {"ja": place.name, "ja_simple": place.kana, "en": place.latin}
        return forms[self.language] or place.name

    def booking(self, line: BookingLine) -> str:
        """A booking in one line."""
        return (
            f"{self.place(line.facility)} {self.place(line.room)}　"
            f"{self.day(line.period.on)} {self.hours(line.period)}"
        )
