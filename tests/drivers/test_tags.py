"""A tag names a card to this ward and to nobody else."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind

KEY = bytes(range(32))
IDM = bytes.fromhex("0114B34D5E6F7081")


def test_the_tag_is_a_truncated_hmac_over_length_prefixed_fields() -> None:
    message = b"\0\0\0\x06felica" + b"\0\0\0\x040003" + b"\0\0\0\x08" + IDM
    assert (
        CardTagger(KEY).tag(CardKind.FELICA, IDM, "0003")
        == hmac.new(KEY, message, hashlib.sha256).hexdigest()[:32]
    )


def test_fields_cannot_run_into_each_other() -> None:
    tagger = CardTagger(KEY)
    tags = {
        tagger.tag(CardKind.FELICA, b"ab", "c"),
        tagger.tag(CardKind.FELICA, b"b", "ca"),
        tagger.tag(CardKind.FELICA, b"cab"),
        tagger.tag(CardKind.MYNUMBER, b"ab", "c"),
        CardTagger(bytes(32)).tag(CardKind.FELICA, b"ab", "c"),
    }
    assert len(tags) == 5


def test_a_short_key_is_refused_and_a_good_one_never_shown() -> None:
    with pytest.raises(ValueError):
        CardTagger(bytes(31))
    tagger = CardTagger(KEY)
    assert KEY.hex() not in repr(tagger)
    assert repr(KEY) not in repr(tagger)
