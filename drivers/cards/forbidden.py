"""What no kiosk may ever select, whatever a profile, a setting or a later programmer says.

Below the allow-list, which is derived from the card profiles, stand these constants. A profile that lists one
of them cannot be made, and the guard refuses them once more at the wire.

basis: 番号法 (Act 27 of 2013) arts. 9, 19, 20: the Individual Number is neither collected nor kept outside
the purposes of that act; 公的個人認証法 art. 38-4: a user certificate proves a person, the certificate for
signatures (name, address, birth date, sex) is none of a library's business.
"""

from __future__ import annotations

import re

APPLICATIONS = {
    bytes.fromhex("D3921000310001010401"): "the resident registry application",
    bytes.fromhex("D3921000310001010402"): "the card-face application: photo, and the number as a picture",
    bytes.fromhex(
        "D3921000310001010100"
    ): "the manufacturing area: a number that follows a card for its life",
}
"""Applications that are never selected, and what stands in them."""

_JPKI = bytes.fromhex("D392F000260100000001")
_INPUT_SUPPORT = bytes.fromhex("D3921000310001010408")
FILES = {
    (_INPUT_SUPPORT, bytes.fromhex("0001")): "the Individual Number",
    (_INPUT_SUPPORT, bytes.fromhex("0014")): "the key that is the Individual Number",
    (_JPKI, bytes.fromhex("0001")): "the signature certificate, with name and address",
    (_JPKI, bytes.fromhex("001A")): "the key for signatures",
    (_JPKI, bytes.fromhex("001B")): "the password for signatures",
}
"""Files that are never selected although their application may be."""

_INDIVIDUAL_NUMBER = re.compile(rb"[0-9]{12}")


def application(aid: bytes) -> str | None:
    """What stands behind this application id, if it must never be selected; None where nothing does.

    A card takes a shortened id for the first application that begins with it (ISO/IEC 7816-4 §8.2.2.2), so
    a beginning of a forbidden id is as forbidden as the whole.
    """
    return next((what for one, what in APPLICATIONS.items() if _same_family(one, aid)), None)


def file(aid: bytes, ef: bytes) -> str | None:
    """What stands in this file of this application, if it must never be selected."""
    return next(
        (what for (one, number), what in FILES.items() if number == ef and _same_family(one, aid)), None
    )


def secret(data: bytes) -> bool:
    """Whether this has the form of an Individual Number: it is sent to no card as a PIN of any kind."""
    return _INDIVIDUAL_NUMBER.fullmatch(data) is not None


def _same_family(one: bytes, other: bytes) -> bool:
    return one.startswith(other) or other.startswith(one)
