"""Every reason this system can give. Each has a sentence in every language (`ui/i18n`), by its value."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """Why an act was not done. Decided by the domain, the same at the kiosk and at the server."""

    PATRON_UNKNOWN = "patron-unknown"
    PATRON_EXPIRED = "patron-expired"
    PATRON_BLOCKED = "patron-blocked"
    BARCODE_MALFORMED = "barcode-malformed"
    BARCODE_CHECK_DIGIT = "barcode-check-digit"
    BARCODE_NOT_AN_ITEM = "barcode-not-an-item"
    ITEM_UNKNOWN = "item-unknown"
    ITEM_NOT_FOR_LOAN = "item-not-for-loan"
    ITEM_ON_LOAN = "item-on-loan"
    ITEM_ALREADY_YOURS = "item-already-yours"
    ITEM_NOT_ON_LOAN = "item-not-on-loan"
    LOAN_LIMIT = "loan-limit"
    ROOM_UNKNOWN = "room-unknown"
    SLOT_UNKNOWN = "slot-unknown"
    SLOT_TAKEN = "slot-taken"
    SLOT_LEASED_ELSEWHERE = "slot-leased-elsewhere"
    FACILITY_CLOSED = "facility-closed"
    OUTSIDE_BOOKING_WINDOW = "outside-booking-window"
    BOOKING_QUOTA = "booking-quota"
    BOOKING_UNKNOWN = "booking-unknown"
    BOOKING_NOT_YOURS = "booking-not-yours"
    BOOKING_NOT_CONFIRMED = "booking-not-confirmed"
    CHECK_IN_TOO_EARLY = "check-in-too-early"
    CHECK_IN_TOO_LATE = "check-in-too-late"
    CHECK_IN_OTHER_PLACE = "check-in-other-place"
    ALREADY_CHECKED_IN = "already-checked-in"
    CARD_LINKED_ELSEWHERE = "card-linked-elsewhere"
    CARD_ALREADY_LINKED = "card-already-linked"
    CARD_KIND_NOT_LINKABLE = "card-kind-not-linkable"
    CARD_REPORTED_LOST = "card-reported-lost"
    CARD_NOT_YOURS = "card-not-yours"
    LIBRARY_PIN_NONE = "library-pin-none"
    LIBRARY_PIN_LOCKED = "library-pin-locked"


class Clash(StrEnum):
    """Why a fact that did happen needs a member of staff to look at it."""

    IMPLICIT_RETURN = "implicit-return"
    DUE_DATE_DIFFERS = "due-date-differs"
    NEWER_ELSEWHERE = "newer-elsewhere"
    PROVISIONAL_ITEM = "provisional-item"
    CARD_IN_TWO_PLACES = "card-in-two-places"


class Trouble(StrEnum):
    """What went wrong around an act: the card, the reader, the device."""

    CARD_UNKNOWN = "card-unknown"
    CARD_UNREADABLE = "card-unreadable"
    CARD_REMOVED = "card-removed"
    CARD_KIND_NOT_ACCEPTED = "card-kind-not-accepted"
    CARD_ID_CHANGES = "card-id-changes"
    CARD_LINK_PENDING = "card-link-pending"
    CARD_TOO_OFTEN = "card-too-often"
    CARDS_PAUSED = "cards-paused"
    CODE_UNTRUSTED = "code-untrusted"
    CODE_EXPIRED = "code-expired"
    CARD_IN_TWO_PLACES = "card-in-two-places"
    OTHER_WAY = "other-way"
    LIBRARY_PIN_FORGOTTEN = "library-pin-forgotten"
    SEVERAL_CARDS = "several-cards"
    PIN_WRONG = "pin-wrong"
    PIN_LAST_TRY = "pin-last-try"
    PIN_BLOCKED = "pin-blocked"
    PIN_MALFORMED = "pin-malformed"
    NUMBER_B_WRONG = "number-b-wrong"
    NUMBER_B_LAST_TRY = "number-b-last-try"
    NUMBER_B_BLOCKED = "number-b-blocked"
    NUMBER_B_MALFORMED = "number-b-malformed"
    CERT_ABSENT = "cert-absent"
    CERT_EXPIRED = "cert-expired"
    CERT_NOT_YET_VALID = "cert-not-yet-valid"
    CERT_UNTRUSTED = "cert-untrusted"
    CERT_REVOKED = "cert-revoked"
    CERT_UNSUITABLE = "cert-unsuitable"
    SIGNATURE_INVALID = "signature-invalid"
    READER_MISSING = "reader-missing"
    READER_BUSY = "reader-busy"
    READER_SERVICE_DOWN = "reader-service-down"
    STORE_FULL = "store-full"
    STORE_FAILED = "store-failed"
    STORE_RESCUED = "store-rescued"
    PRINTER_FAILED = "printer-failed"
    INTERNAL = "internal"


class Standstill(StrEnum):
    """Why the server and this device do not talk though there is a network. Nothing that waits is lost."""

    DEVICE_REVOKED = "device-revoked"
    AWAITING_APPROVAL = "awaiting-approval"
    UPGRADE_REQUIRED = "upgrade-required"
    SERVER_UNPROVEN = "server-unproven"
