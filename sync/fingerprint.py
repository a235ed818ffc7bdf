"""Six words that two people compare by voice, so that kiosk and server know each other's keys.

Each word stands for eight bits. The words are made of both keys, the device and the one-time code by scrypt:
whoever sits between the two would need keys of their own that give the same 48 bits, can begin only once the
code has been typed, and needs some 50 ms and 16 MiB for every guess (docs/decisions/0006).
"""

from __future__ import annotations

import hashlib
import secrets

_LIST = """
あさひ あじさい あずき あひる あまど あめ あられ あんず いえ いか いずみ いちご いと いなほ
いぬ いるか いろり いわし うぐいす うさぎ うし うずら うちわ うなぎ うみ うめ うどん えだ
えび えほん えんぴつ えのき えんとつ おうぎ おか おけ おちば おに おび おりがみ おむすび かい
かえで かえる かがみ かき かご かさ かぜ かたな かつお かに かばん かぶと かぼちゃ かめ
かもめ からす かるた かわら きく きしゃ きつね きのこ きば きみどり きゅうり きりん きんぎょ くき
くぎ くさ くじら くすのき くつ くま くも くらげ くり くるま くるみ くわがた けいと けしき
けむり けやき こい こうもり こおり こけし こたつ こと こねこ こま ごま こめ こよみ さか
さかな さくら さけ ささ さつまいも さとう さば さる さんま しお しか しじみ しずく したじき
しま しまうま しゃしん じゃがいも じゅうばこ しょうが すいか すいせん すぎ すず すずめ すな すみれ すもう
せみ せんべい せんす ぜんまい そで そば そら そろばん たい たいこ たか たき たけのこ たこ
たぬき たね たまご たんす たんぽぽ ちず ちゃわん ちょう つき つくえ つくし つくだに つけもの つつじ
つの つばき つばめ つぼ つみき つり つる てがみ てぬぐい てぶくろ てまり てんぐ といし とうだい
とうふ とけい とびうお とまと ともだち とら とり とんぼ なぎさ なし なす なたね なつみかん なのはな
なべ なまず なみ なわとび にじ にしん にわ にわとり にんじん ぬの ねぎ ねこ ねむのき のこぎり
のはら のり のれん はがき はくさい はくちょう はこ はさみ はし はた はちまき はっぱ はと はなび
はね はまぐり はり ばね ひがさ ひかり ひこうき ひつじ ひのき ひばり ひまわり ひも ひょうたん びわ
ふうりん ふえ ふくろう ふじ ふすま ふで ふね ふろしき へちま べんとう ほうき ほし ほたる ぼうし
まくら まつ まど まめ みかん みず みつばち みなと みのむし むぎ むささび めがね めだか もち
もみじ もも やかん やなぎ
"""
WORDS = tuple(_LIST.split())
"""256 everyday words, told apart by ear as well as they can be."""

_COST = {"n": 1 << 14, "r": 8, "p": 1}
_LABEL = b"machikado enrolment 1\n"


def fingerprint(device_id: str, device_key: bytes, server_key: bytes, code: str) -> str:
    """The six words of this enrolment; `code` as `plain_code` gives it, keys as their 32 bytes."""
    secret = _LABEL + device_key + server_key + device_id.encode()
    digest = hashlib.scrypt(secret, salt=code.encode(), dklen=6, **_COST)
    return " ".join(WORDS[byte] for byte in digest)


def same_words(typed: str, known: str) -> bool:
    """Whether somebody typed these words, however they spaced them."""
    return typed.split() == known.split()


_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""
CODE_CHARACTERS = 10
"""50 bits, for ten minutes and a few tries."""


def new_code() -> str:
    """A fresh one-time code as it is read out: two groups of five."""
    text = "".join(secrets.choice(_DIGITS) for _ in range(CODE_CHARACTERS))
    return f"{text[:5]}-{text[5:]}"


def plain_code(typed: str) -> str:
    """A code as people type it: either case, with or without dashes, O for 0, I and L for 1."""
    letters = "".join(character for character in typed.upper() if character.isalnum())
    return letters.translate(str.maketrans("OIL", "011"))
