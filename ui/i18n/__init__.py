"""The words on the screen: gettext catalogues by short keys, dates and places in the resident's language."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from importlib import resources

from babel.dates import format_skeleton
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from kiosk.clock import local, local_date
from kiosk.views import BookingLine, Period, Place

LANGUAGES = ("ja", "ja_simple", "en")
"""Languages that are complete; the first is the one a visit begins in."""
_CARDS = {
    "mynumber": "card.mynumber", "transit": "card.transit", "barcode": "card.barcode", "qr": "card.qr",
    **dict.fromkeys(("felica", "mifare", "type2", "type4", "iso15693"), "card.ic"),
}  # fmt: skip
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

    def reason_parts(self, code: str) -> tuple[str, str]:
        """The same in two: what happened (its first sentence), and what to do now."""
        end = ". " if self.language == "en" else "。"
        what, stop, then = self.reason(code).partition(end)
        return (what + stop).strip(), then.strip()

    def day(self, on: date) -> str:
        """A day: 11月22日(日), Sun 22 Nov."""
        return str(format_skeleton("MMMEd", on, locale=self._locale))

    def today(self, moment: datetime) -> str:
        """The day of a moment, in the ward."""
        return self.day(local_date(moment))

    def short_day(self, on: date) -> str:
        """A day without its month, for a row of days: 22日(日), Sun 22."""
        return str(format_skeleton("Ed", on, locale=self._locale))

    def full_day(self, moment: datetime) -> str:
        """The day of a moment with its year, for what may be long ago: 2026年11月22日, 22 Nov 2026."""
        return str(format_skeleton("yMMMd", local_date(moment), locale=self._locale))

    def clock(self, moment: datetime) -> str:
        """The time of day of a moment, in the ward."""
        return local(moment).strftime("%H:%M")

    def moment(self, moment: datetime) -> str:
        """Day and time as they are said: 11月21日(土) 13時05分, Sat 21 Nov, 13:05."""
        there, day = local(moment), self.today(moment)
        said = {
            "ja": f"{day} {there.hour}時{there.minute:02d}分",
            "ja_simple": f"{day} {_spoken(there.hour * 60 + there.minute)}",
        }
        return said.get(self.language, f"{day}, {self.clock(moment)}")

    def card(self, kind: str) -> str:
        """What kind of card this is, as its owner would call it."""
        return self(_CARDS.get(kind, "card.other"))

    def number(self, value: int) -> str:
        """A number with its thousands apart."""
        return str(format_decimal(value, locale=self._locale))

    def hours(self, period: Period) -> str:
        """From when to when: 13:00〜17:00, 午後1時から 午後5時まで."""
        if self.language == "ja_simple":
            return f"{_spoken(period.start_minute)}から {_spoken(period.end_minute)}まで"
        start, end = (f"{m // 60}:{m % 60:02d}" for m in (period.start_minute, period.end_minute))
        return f"{start}–{end}" if self.language == "en" else f"{start}〜{end}"

    def period(self, period: Period) -> str:
        """Slot and hours: 午後　13:00〜17:00. Spoken hours say themselves what part of the day it is."""
        if period.label == "hours" or self.language == "ja_simple":
            return self.hours(period)
        return f"{self(f'period.{period.label}')}　{self.hours(period)}"

    def when(self, period: Period) -> str:
        """Day and hours: 11月22日(日)　午後　13:00〜17:00."""
        return f"{self.day(period.on)}　{self.period(period)}"

    def place(self, place: Place) -> str:
        """A name in the form this language reads: kanji, kana, or Latin letters."""
        forms = {"ja": place.name, "ja_simple": place.kana, "en": place.latin}
        return forms[self.language] or place.name

    def where(self, facility: Place, room: Place) -> str:
        """A room and the house it is in."""
        return f"{self.place(facility)}　{self.place(room)}"

    def booking(self, line: BookingLine) -> str:
        """A booking in two lines: where, and when."""
        return f"{self.where(line.facility, line.room)}\n{self.when(line.period)}"


def _spoken(minute: int) -> str:
    """A time of day as it is said: 午後1時30分; noon is ひるの 12時."""
    hour, rest = divmod(minute, 60)
    end = f"{hour % 12 or 12}時" + (f"{rest}分" if rest else "")
    if hour == 12:
        return f"ひるの {end}" if not rest else f"午後0時{rest}分"
    return f"{'午前' if hour < 12 else '午後'}{end if hour else f'0時{rest}分'}"
