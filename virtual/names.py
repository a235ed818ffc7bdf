"""Names for the city that never was. Libraries are Nerima's by their public names; people are made up."""

from __future__ import annotations

from typing import NamedTuple


class Library(NamedTuple):
    """`open_monday`: the n-th Monday of a month on which this library is open."""

    id: str
    name: str
    kana: str
    latin: str
    open_monday: int


class Centre(NamedTuple):
    id: str
    name: str
    kana: str
    latin: str


LIBRARIES = (
    Library("nerima", "練馬図書館", "ねりま としょかん", "Nerima Library", 1),
    Library("shakujii", "石神井図書館", "しゃくじい としょかん", "Shakujii Library", 2),
    Library("heiwadai", "平和台図書館", "へいわだい としょかん", "Heiwadai Library", 3),
    Library("oizumi", "大泉図書館", "おおいずみ としょかん", "Oizumi Library", 1),
    Library("sekimachi", "関町図書館", "せきまち としょかん", "Sekimachi Library", 2),
    Library("nukui", "貫井図書館", "ぬくい としょかん", "Nukui Library", 3),
    Library("inariyama", "稲荷山図書館", "いなりやま としょかん", "Inariyama Library", 1),
    Library("kotake", "小竹図書館", "こたけ としょかん", "Kotake Library", 2),
    Library("minami-oizumi", "南大泉図書館", "みなみおおいずみ としょかん", "Minami-Oizumi Library", 3),
    Library("kasugacho", "春日町図書館", "かすがちょう としょかん", "Kasugacho Library", 1),
    Library("minami-tanaka", "南田中図書館", "みなみたなか としょかん", "Minami-Tanaka Library", 2),
    Library("hikarigaoka", "光が丘図書館", "ひかりがおか としょかん", "Hikarigaoka Library", 3),
)

CENTRES = (
    Centre("asahigaoka", "旭丘地域集会所", "あさひがおか ちいき しゅうかいじょ", "Asahigaoka Community Hall"),
    Centre("sakaecho", "栄町地区区民館", "さかえちょう ちく くみんかん", "Sakaecho Community House"),
    Centre("hayamiya", "早宮地区区民館", "はやみや ちく くみんかん", "Hayamiya Community House"),
    Centre("tagara", "田柄地区区民館", "たがら ちく くみんかん", "Tagara Community House"),
    Centre("doshida", "土支田地域集会所", "どしだ ちいき しゅうかいじょ", "Doshida Community Hall"),
    Centre("yahara", "谷原地域集会所", "やはら ちいき しゅうかいじょ", "Yahara Community Hall"),
    Centre(
        "sekimachi-kita", "関町北地区区民館", "せきまちきた ちく くみんかん", "Sekimachi-Kita Community House"
    ),
    Centre(
        "nishi-oizumi", "西大泉地区区民館", "にしおおいずみ ちく くみんかん", "Nishi-Oizumi Community House"
    ),
)

FAMILIES = (
    ("佐藤", "さとう"), ("鈴木", "すずき"), ("高橋", "たかはし"), ("田中", "たなか"), ("渡辺", "わたなべ"),
    ("伊藤", "いとう"), ("山本", "やまもと"), ("中村", "なかむら"), ("小林", "こばやし"), ("加藤", "かとう"),
    ("吉田", "よしだ"), ("山田", "やまだ"), ("佐々木", "ささき"), ("山口", "やまぐち"), ("松本", "まつもと"),
    ("井上", "いのうえ"), ("木村", "きむら"), ("林", "はやし"), ("清水", "しみず"), ("山崎", "やまざき"),
    ("グエン", "ぐえん"), ("王", "わん"), ("金", "きむ"), ("シルバ", "しるば"), ("相原", "あいはら"),
)  # fmt: skip

GIVENS = (
    ("花子", "はなこ"), ("太郎", "たろう"), ("さくら", "さくら"), ("陽翔", "はると"), ("結衣", "ゆい"),
    ("蓮", "れん"), ("美咲", "みさき"), ("大輔", "だいすけ"), ("健一", "けんいち"), ("和子", "かずこ"),
    ("幸子", "さちこ"), ("清", "きよし"), ("文子", "ふみこ"), ("誠", "まこと"), ("直美", "なおみ"),
    ("アン", "あん"), ("リナ", "りな"), ("一郎", "いちろう"), ("千代", "ちよ"), ("翼", "つばさ"),
)  # fmt: skip

TITLES = (
    "吾輩は猫である", "坊っちゃん", "こころ", "三四郎", "それから", "銀河鉄道の夜", "注文の多い料理店",
    "風の又三郎", "走れメロス", "人間失格", "斜陽", "羅生門", "鼻", "蜘蛛の糸", "河童", "舞姫", "高瀬舟",
    "山椒大夫", "たけくらべ", "にごりえ", "十三夜", "破戒", "夜明け前", "蒲団", "田舎教師", "武蔵野",
    "金色夜叉", "不如帰", "野菊の墓", "浮雲", "五重塔", "高野聖", "歌行燈", "桜の園", "罪と罰",
    "若草物語", "赤毛のアン", "不思議の国のアリス", "星の王子さまの話", "ごん狐", "手袋を買いに",
    "セロ弾きのゴーシュ", "一房の葡萄", "赤い蝋燭と人魚", "檸檬", "山月記", "李陵", "智恵子抄",
    "みだれ髪", "一握の砂", "おくのほそ道", "枕草子", "徒然草", "方丈記", "源氏物語", "竹取物語",
    "練馬の大根ものがたり", "石神井池の野鳥", "はじめての家庭菜園", "やさしい日本語で話そう",
    "ひとりでできる介護の本", "暮らしの防災ノート", "図書館ではたらく人たち", "小さな町の映画館",
)  # fmt: skip
