"""The signatures themselves: the RFC's own examples, and what our profile takes and what it does not."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    InvalidSignature,
    MappingKeyResolver,
    algorithms,
)  # fmt: skip
from hypothesis import given
from hypothesis import strategies as st

from sync.identity import signed
from sync.protocol import is_spoken
from sync.signatures import (
    REQUEST_COVERS,
    TAG,
    DigestProblem,
    SentAnswer,
    SentRequest,
    SignatureProblem,
    check_answer,
    check_request,
    key_id_of,
    named_key,
    sign_answer,
)  # fmt: skip

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
URL = "https://server.example:8443/v1/devices/kiosk-1/feed?epoch=a&after=5"


# ---- RFC 9421 Appendix B ------------------------------------------------------------------------


def unwrapped(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


RFC_KEY = Ed25519PrivateKey.from_private_bytes(unwrapped("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU"))
"""Appendix B.1.4, test-key-ed25519."""
CREATED = datetime.fromtimestamp(1618884473, UTC)


def rfc_request() -> Any:
    """Appendix B.2: test-request."""
    headers = {
        "Host": "example.com",
        "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "Content-Type": "application/json",
        "Content-Digest": "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
        "Content-Length": "18",
    }
    return SimpleNamespace(method="POST", url="https://example.com/foo?param=Value&Pet=dog", headers=headers)


COVERS = ("date", "@method", "@path", "@authority", "content-type", "content-length")
KEY_ID, LABEL = "test-key-ed25519", "sig-b26"
SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
"""Appendix B.2.6: signing a request using ed25519, the one of the examples with the algorithm of ours."""


def test_the_example_of_the_rfc_comes_out_to_the_letter() -> None:
    request = rfc_request()
    keys = MappingKeyResolver(public_keys={KEY_ID: RFC_KEY.public_key()}, private_keys={KEY_ID: RFC_KEY})
    HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys).sign(
        request, key_id=KEY_ID, created=CREATED, label=LABEL, include_alg=False, covered_component_ids=COVERS,
        use_existing_digest=True,
    )  # fmt: skip
    inner = " ".join(f'"{name}"' for name in COVERS)
    assert request.headers["Signature-Input"] == f'{LABEL}=({inner});created=1618884473;keyid="{KEY_ID}"'
    assert request.headers["Signature"] == f"{LABEL}=:{SIGNATURE}:"
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    (result,) = verifier.verify(request, max_age=None, require_components=COVERS)
    assert result.parameters["keyid"] == KEY_ID
    request.headers["Date"] = "Tue, 20 Apr 2021 02:07:56 GMT"
    with pytest.raises(InvalidSignature):
        verifier.verify(request, max_age=None, require_components=COVERS)


def test_the_digest_of_the_rfc_is_the_digest_of_its_body() -> None:
    digest = base64.b64encode(hashlib.sha512(b'{"hello": "world"}').digest()).decode()
    assert rfc_request().headers["Content-Digest"] == f"sha-512=:{digest}:"


# ---- our profile --------------------------------------------------------------------------------


def outgoing(body: bytes = b"", method: str = "GET", **headers: str) -> requests.PreparedRequest:
    request = requests.Request(method, URL, data=body, headers=headers).prepare()
    return signed(request, KEY, NOW)


def arrived(request: requests.PreparedRequest, **changed: Any) -> SentRequest:
    values = {"method": request.method, "url": request.url, "headers": dict(request.headers)} | changed
    return SentRequest(**values)


def test_what_was_signed_is_taken_and_says_who_and_when() -> None:
    request = outgoing(b"abc", "POST", **{"Content-Encoding": "gzip"})
    said = check_request(arrived(request), b"abc", KEY.public_key())
    assert (said.key_id, said.created) == (key_id_of(KEY.public_key()), int(NOW.timestamp()))
    assert len(said.nonce) >= 16
    assert named_key(arrived(request)) == said.key_id
    behind_tls = arrived(request, url=URL.replace("https:", "http:"))
    assert check_request(behind_tls, b"abc", KEY.public_key()) == said


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("/feed", "/heartbeat"),
        URL.replace("kiosk-1", "kiosk-2"),
        URL.replace("after=5", "after=6"),
        URL.replace("?epoch=a&after=5", ""),
        URL.replace("8443", "8444"),
        URL.replace("server.", "other."),
        "http:// /",
    ],
)
def test_another_address_is_not_what_was_signed(url: str) -> None:
    with pytest.raises(SignatureProblem):
        check_request(arrived(outgoing(), url=url), b"", KEY.public_key())


def test_another_method_body_encoding_or_version_is_not_what_was_signed() -> None:
    request = outgoing(b"abc", "POST", **{"Content-Encoding": "gzip"})
    for name, value in (
        ("Content-Encoding", "br"),
        ("Sync-Protocol", "1.1"),
        ("Content-Digest", "sha-256=:AA==:"),
    ):
        changed = dict(request.headers) | {name: value}
        with pytest.raises(SignatureProblem):
            check_request(arrived(request, headers=changed), b"abc", KEY.public_key())
    with pytest.raises(SignatureProblem):
        check_request(arrived(request, method="PUT"), b"abc", KEY.public_key())
    with pytest.raises(DigestProblem):
        check_request(arrived(request), b"abd", KEY.public_key())
    added = dict(outgoing(b"abc", "POST").headers) | {"Content-Encoding": "gzip"}
    with pytest.raises(SignatureProblem):
        check_request(arrived(request, headers=added), b"abc", KEY.public_key())


def test_what_is_not_covered_or_said_twice_does_not_count() -> None:
    request = outgoing()
    field = request.headers["Signature-Input"]
    for worse in (
        field.replace('"@query" ', ""),
        field.replace('"content-digest"', '"content-digest";req'),
        field.replace(";tag=", ";alg="),
        field.replace("created=", "created=1;expires="),
        field.replace("kiosk=", "other="),
        field + ", " + field,
        field.replace('"kiosk-sync"', '"kiosk"'),
        "",
        "kiosk",
    ):
        changed = dict(request.headers) | {"Signature-Input": worse}
        with pytest.raises(SignatureProblem):
            check_request(arrived(request, headers=changed), b"", KEY.public_key())


LESS = [tuple(name for name in REQUEST_COVERS if name != left_out) for left_out in REQUEST_COVERS]
SPARING: list[dict[str, Any]] = [
    {"nonce": None},
    {"nonce": "short"},
    {"nonce": "x" * 65},
    {"include_alg": True},
    {"expires": NOW + timedelta(days=1)},
    {"tag": "another"},
    *({"covered_component_ids": covers} for covers in LESS if "content-digest" in covers),
]


@pytest.mark.parametrize("wish", [{}, *SPARING])
def test_the_right_key_does_not_help_who_signs_less_or_says_more(wish: dict[str, Any]) -> None:
    key_id = key_id_of(KEY.public_key())
    request = requests.Request("GET", URL, headers={"Sync-Protocol": "1.0"}).prepare()
    keys = MappingKeyResolver(public_keys={}, private_keys={key_id: KEY})
    plain = {
        "created": NOW,
        "nonce": "n" * 16,
        "tag": TAG,
        "include_alg": False,
        "covered_component_ids": REQUEST_COVERS,
    }
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    signer.sign(request, key_id=key_id, label="kiosk", body=b"", **(plain | wish))
    if not wish:
        assert check_request(arrived(request), b"", KEY.public_key()).nonce == "n" * 16
        return
    with pytest.raises(SignatureProblem):
        check_request(arrived(request), b"", KEY.public_key())


def test_a_key_counts_only_under_its_own_name() -> None:
    with pytest.raises(SignatureProblem):
        check_request(arrived(outgoing()), b"", OTHER.public_key())


@given(
    st.dictionaries(
        st.sampled_from(["Signature", "Signature-Input", "Content-Digest", "Host", "Sync-Protocol"]),
        st.text(st.characters(max_codepoint=255), max_size=80),
    ),
    st.booleans(),
)
def test_no_field_whatever_brings_the_check_down(fields: dict[str, str], whole: bool) -> None:
    headers = (dict(outgoing().headers) if whole else {}) | fields
    message = SentRequest("GET", URL, headers)
    for check in (named_key, lambda m: check_request(m, b"", KEY.public_key())):
        try:
            check(message)  # type: ignore[no-untyped-call]
        except SignatureProblem:
            continue
        assert whole


# ---- answers ------------------------------------------------------------------------------------


def answered(request: Any, body: bytes = b"{}", key: Ed25519PrivateKey = KEY) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    sign_answer(SentAnswer(200, headers, request), body, key, NOW)
    return headers


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda h, r: (200, h, r, b"{}"), None),
        (lambda h, r: (403, h, r, b"{}"), SignatureProblem),
        (lambda h, r: (200, h, r, b"[]"), DigestProblem),
        (lambda h, r: (200, h | {"Content-Type": "text/html"}, r, b"{}"), SignatureProblem),
        (lambda h, r: (200, {}, r, b"{}"), SignatureProblem),
        (lambda h, r: (200, h, outgoing(), b"{}"), SignatureProblem),
        (lambda h, r: (200, answered(None), r, b"{}"), SignatureProblem),
        (lambda h, r: (200, answered(r, key=OTHER), r, b"{}"), SignatureProblem),
    ],
    ids=[
        "true",
        "status",
        "body",
        "type",
        "unsigned",
        "of-another-request",
        "of-no-request",
        "of-another-server",
    ],
)
def test_an_answer_is_believed_only_whole_and_from_our_server(
    change: Callable[..., Any], problem: type[Exception] | None
) -> None:
    request = outgoing()
    status, headers, request, body = change(answered(request), request)
    answer = SentAnswer(status, headers, request)
    if problem is None:
        check_answer(answer, body, KEY.public_key())
    else:
        with pytest.raises(problem):
            check_answer(answer, body, KEY.public_key())


# ---- versions -----------------------------------------------------------------------------------


def test_a_server_takes_its_own_minor_version_and_the_two_before() -> None:
    taken = [
        f"{major}.{minor}" for major in range(3) for minor in range(9) if is_spoken(f"{major}.{minor}", 1, 4)
    ]
    assert taken == ["1.2", "1.3", "1.4"]
    assert [minor for minor in range(9) if is_spoken(f"1.{minor}", 1, 0)] == [0]
    for nonsense in ("", "1", "1.", "1.4.0", "v1.4", "１.４", "1.-4", "01.4 ", "1.4\n", "1.99999"):
        assert not is_spoken(nonsense, 1, 4), nonsense
