"""BER-TLV as the card writes it (ISO/IEC 7816-4 §5.2.2), read strictly: one way to write, no other."""

from __future__ import annotations

from drivers.cards.apdu import CardGarbage

TAG_BYTES = 2


def head(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """(start, end) of the value of the TLV at this offset, which must have this two-byte tag.

    The end may lie beyond `data`, for the head of a file tells how much there is to read. Lengths are short,
    `81 xx` or `82 xxxx`, each only where the one before does not reach. Raises CardGarbage.
    """
    if data[at : at + TAG_BYTES] != tag.to_bytes(TAG_BYTES, "big"):
        raise CardGarbage(f"another tag than {tag:04X}")
    at += TAG_BYTES
    first = data[at : at + 1]
    extra = {b"\x81": 1, b"\x82": 2}.get(first, 0)
    written = data[at + 1 : at + 1 + extra] if extra else first
    if len(written) != max(extra, 1) or (not extra and written[0] > 0x7F):
        raise CardGarbage("a length that cannot be read")
    length = int.from_bytes(written, "big")
    if (extra == 1 and length < 0x80) or (extra == 2 and length < 0x100):
        raise CardGarbage("a length longer than it need be")
    start = at + 1 + extra
    return start, start + length


def value(data: bytes, at: int, tag: int) -> tuple[bytes, int]:
    """The value of the TLV at this offset and where the next one begins. Raises CardGarbage."""
    start, end = head(data, at, tag)
    if end > len(data):
        raise CardGarbage("a value that ends beyond its file")
    return data[start:end], end
