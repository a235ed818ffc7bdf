"""Every screen in every language on two panels, really drawn: nothing clipped, too small or hidden."""

from __future__ import annotations

from typing import Any

import pytest

from kiosk.codes import Refusal, Trouble
from kiosk.operations import Standing
from kiosk.views import Problem, ReceiptLine
from tests.ui.conftest import Screen
from ui.automation import pixels
from ui.fonts import draws
from ui.gallery import SAMPLES, lost, receipt
from ui.i18n import LANGUAGES, Words
from ui.theme import COLOURS, CONTROL_PAIRS, GAP_MM, SMALL_TARGET_MM, TARGET_MM, TEXT_PAIRS, contrast

PRIMARY = {
    "attract.return", "home.check-in", "home.borrow", "home.book", "home.cards", "scan.done", "confirm.yes",
    "message.ok", "problem.ok", "still.yes", "receipt.print", "receipt.finish", "receipt.up", "receipt.down",
    "room.up", "room.down", "staff.close", "cards.pin", "cards.link", "stop.lost", "stop.unwanted", "pin.ok", "pin.delete", *(f"pin.{digit}" for digit in range(10)),
}  # fmt: skip
SLACK = 2
"""Pixels of rounding."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_screen_is_whole(screen: Screen, name: str, language: str) -> None:
    screen.show(SAMPLES[name], language)
    check_whole(screen)
    colours = pixels().getcolors(1 << 20)
    assert colours is not None
    assert len(colours) > 50, "nothing was drawn"


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_is_whole(screen: Screen, language: str) -> None:
    screen.show(SAMPLES["home"], language)
    screen.tap("footer.staff")
    for label in screen.labels():
        check_text(label)


@pytest.mark.parametrize("code", [*Refusal, *Trouble])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_fits_its_screen(screen: Screen, code: Refusal | Trouble, language: str) -> None:
    screen.show(Problem(code, back=True, tries_left=2), language)
    check_whole(screen)
    squeezed = "".join("".join(screen.texts()).split())
    assert "".join(screen.app.words.reason(code).split()) in squeezed


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refused_act_has_its_whole_reason_on_the_receipt(screen: Screen, language: str) -> None:
    for code in Refusal:
        screen.show(receipt(0, lost(code)), language)
        while "receipt.down" in screen.controls():
            screen.tap("receipt.down")
        squeezed = "".join("".join(screen.texts()).split())
        assert "".join(Words(language).reason(code).split()) in squeezed


def check_whole(screen: Screen) -> None:
    """What a person may expect of any screen."""
    for label in screen.labels():
        check_text(label)
    check_texts_apart(screen)
    check_targets(screen)
    assert not [text for text in screen.texts() if "{" in text], "a blank was not filled in"


def check_text(label: Any) -> None:
    width, height = label.texture_size
    assert width <= label.width + SLACK, f"too wide: {label.text!r}"
    assert height <= label.height + SLACK, f"clipped: {label.text!r}"
    assert label.height <= label.parent.height + SLACK, f"higher than its place: {label.text!r}"
    if not label.markup:
        missing = [char for char in label.text if char != "\n" and ord(char) not in draws(label.font_name)]
        assert not missing, f"no shape for {missing}"


def box(widget: Any) -> tuple[float, float, float, float]:
    x, y = widget.to_window(widget.x, widget.y)
    return x, y, x + widget.width, y + widget.height


def apart(one: Any, other: Any, by: float = 0) -> bool:
    left, low, right, high = box(one)
    left_2, low_2, right_2, high_2 = box(other)
    gaps = (left_2 - right, left - right_2, low_2 - high, low - high_2)
    return max(gaps) >= by - SLACK


def check_texts_apart(screen: Screen) -> None:
    """No text lies over another, under the frame, or beyond the edge of the screen."""
    body = box(screen.app.body)
    inside = set(screen.app.body.walk(restrict=True))
    labels = screen.labels()
    for index, one in enumerate(labels):
        left, low, right, high = box(one)
        if one in inside:
            assert low >= body[1] - SLACK, f"under the footer: {one.text!r}"
            assert high <= body[3] + SLACK, f"under the header: {one.text!r}"
        assert left >= -SLACK, one.text
        assert right <= body[2] + SLACK, f"off the screen: {one.text!r}"
        for other in labels[index + 1 :]:
            assert apart(one, other), f"{one.text!r} lies over {other.text!r}"


def check_targets(screen: Screen) -> None:
    """Large enough for a fingertip, and a finger's slip apart."""
    px = screen.app.theme.px_per_mm
    found = list(screen.controls().values())
    for index, one in enumerate(found):
        least = TARGET_MM if one.test_id in PRIMARY else SMALL_TARGET_MM
        shorter = min(one.width, one.height) / px
        assert shorter >= least - 0.5, f"{one.test_id} is only {shorter:.1f} mm"
        for other in found[index + 1 :]:
            is_row = one.test_id.startswith("room.offer") and other.test_id.startswith("room.offer")
            gap = (0.7 if is_row else 1) * GAP_MM * px
            assert apart(one, other, gap), f"{one.test_id} is too near to {other.test_id}"


# ---- colours -------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", TEXT_PAIRS)
def test_text_can_be_read_by_weak_eyes(pair: tuple[str, str]) -> None:
    assert contrast(*(COLOURS[role] for role in pair)) >= 7


@pytest.mark.parametrize("pair", CONTROL_PAIRS)
def test_edges_of_controls_can_be_seen(pair: tuple[str, str]) -> None:
    assert contrast(*(COLOURS[role] for role in pair)) >= 3


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast((0, 0, 0, 1), (1, 1, 1, 1)) == pytest.approx(21)


# ---- final and requested -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("choose-room", ("確定できます", "申込になります")),
        ("confirm-final", ("押すと、この場で予約が確定します。", "予約する")),
        ("confirm-request", ("申し込みになります。確定はあとです。", "申し込む")),
        ("booked", ("確定しました", "予約が確定しました")),
        ("booked-request", ("申し込み中（まだ確定していません）", "申し込みを受け付けました")),
        ("linked", ("確定しました",)),
        ("linked-request", ("申し込み中（まだ確定していません）", "カードの登録を申し込みました")),
        ("receipt-lost", ("確定したもの", "申し込んだもの（まだ確定していません）")),
    ],
)
def test_final_and_requested_are_told_apart_in_words(
    screen: Screen, name: str, words: tuple[str, ...]
) -> None:
    screen.show(SAMPLES[name])
    seen = "".join(screen.texts())
    while "room.down" in screen.controls():
        screen.tap("room.down")
        seen += "".join(screen.texts())
    assert [word for word in words if word not in seen] == []


def test_a_loan_that_is_not_final_is_not_said_to_be(screen: Screen) -> None:
    from dataclasses import replace

    borrowing = SAMPLES["borrowing"]
    lines = tuple(replace(line, standing=Standing.REQUESTED) for line in borrowing.lines)
    screen.show(replace(borrowing, lines=lines))
    assert "貸し出しました" not in screen.texts()
    assert screen.texts().count("記録しました（あとで確定）") == 3


def test_a_word_of_the_server_we_do_not_know_sends_people_to_the_counter(screen: Screen) -> None:
    line: ReceiptLine = lost("a-reason-of-next-year")
    screen.show(receipt(0, line))
    screen.tap("receipt.down")
    assert any("窓口でおたずねください。" in text for text in screen.texts())
