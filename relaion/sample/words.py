"""Neutral words, drawn by a seeded generator: captions, hosts, paths, and what is no keyword."""

import math
import random
import unicodedata
from collections.abc import Sequence
from statistics import NormalDist

# -- Neutral words: what captions, hosts and paths are made of, and words used as keywords --------
# Every word names a thing, a place, a colour or a month. Nothing here is taken from a data
# set or a partner's list.


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


VOCABULARY: dict[str, tuple[str, ...]] = {
    "en": _words(
        """
        amber anchor apple apron arch armchair atlas autumn avenue bakery balcony bamboo barn
        basket beach bench bicycle blanket blue board boat book bottle bowl box bread bridge
        bright bronze brown brush bucket building button cabin cable camera candle canvas
        carpet castle ceiling ceramic chair chalk chapel cherry city classic clay clock cloud
        coast coat coffee colour copper coral corner cotton cottage country cream cup curtain
        daisy dark deck design desk dish door drawer drawing dress early elm evening fabric
        farm feather fence fern field flag flower forest fountain frame fresh front garden
        gate glass gloves gold granite grass green grey guide guitar hall hammer handmade
        harbour hat hazel hedge hill home honey horizon house iron island ivory jacket jar
        kettle kitchen knitted ladder lake lamp large leaf leather lemon library light lilac
        linen little long maple map marble market meadow metal mill mirror modern moon morning
        moss mountain museum needle north oak ocean old olive orange orchard oval painting
        panel paper park path pattern pebble pencil picture pier pillow pine plate pocket pond
        porch poster pottery print quilt railway rain red ribbon river road rock roof room
        rope rose round rug sail sand scarf sea set shelf ship shoe shop silk silver simple
        sketch sky slate small snow sofa south spoon spring square stair station steel stone
        street striped studio summer sun table tall tent tile timber top tower town tray tree
        tulip valley vase velvet view village vintage violet walnut wall watch water wave
        wheel white wide willow window winter wood wool yellow
        """
    ),
    "de": _words(
        """
        Abend alt Apfel Bahnhof Bank Baum Berg Bild blau Blume Brot Brücke Buch bunt Dach Dorf
        Fenster Feld Garten gelb Glas groß grün Hafen Haus Herbst Himmel Holz Hütte Insel
        Kanne Keramik Kirche klein Korb Küche Lampe Leuchtturm Licht mit Mond Morgen Mühle
        Museum neu Platz rot Schiff Schloss Schnee schön See Sommer Sonne Stadt Stuhl Tal
        Teppich Tisch Tür und Uhr Wald Wasser weiß Wiese Winter Wolke Zaun
        """
    ),
    "fr": _words(
        """
        ancien arbre automne bateau blanc bleu bois bouteille carte champ château chemin ciel
        colline coton cuisine de eau école église en été fenêtre fleur forêt gare grand hiver
        horloge île jardin jaune lac lampe livre lumière maison marché matin mer montagne
        moulin mur neige nouveau nuage papier pain petit pierre plage pont porte port rivière
        rouge rue sable soir soleil table tapis toit vallée vase verre vert village ville
        """
    ),
    "es": _words(
        """
        agua alfombra amarillo árbol azul barco blanco bosque botella calle camino campo casa
        castillo cielo ciudad cocina colina de dibujo escuela estación flor fuente grande
        invierno isla jardín lago lámpara libro luna luz madera mañana mapa mar mercado mesa
        molino montaña muro museo nieve nube nuevo otoño pan papel parque pequeño piedra playa
        plaza primavera puente puerta puerto reloj río rojo silla sol taza techo tejado torre
        valle vaso ventana verano verde viejo
        """
    ),
    "ru": _words(
        """
        белый берег большой бумага ваза весна вечер вид вода вокзал гора город дача двор
        дерево дом дорога жёлтый зелёный зима золотой картина книга ковёр корабль красный
        кресло кружка кухня лампа лес лето лодка луг луна маленький море мост музей новый
        облако озеро окно осень остров парк песок площадь поле полка порт рисунок река роза
        сад свет синий снег солнце старый стекло стена стол стул утро хлеб цветок часы чашка
        """
    ),
    "zh": _words(
        """
        城市 风景 花园 大海 高山 木桌 白色 红色 蓝天 绿色 早晨 秋天 冬天 夏天 春天 老街 小船
        码头 石桥 书架 窗户 玻璃 陶瓷 手工 图片 设计 现代 古典 房屋 屋顶 村庄 河流 湖边 森林
        草地 云朵 阳光 月亮 雨伞 雪景 地毯 椅子 台灯 时钟 厨房 面包 苹果 柠檬 竹子 松树 玫瑰
        丝绸 地图 车站 博物馆 图书馆
        """
    ),
    "ja": _words(
        """
        青い 白い 赤い 小さな 大きな 古い 新しい 山 川 海辺 森 庭園 花 桜 空 雲 雪 雨 朝 夕方
        春 夏 秋 冬 港 船 橋 駅 町 村 道 家 窓 屋根 机 椅子 本棚 時計 台所 茶碗 皿 花瓶 写真
        絵 風景 デザイン 手作り ガラス 木製 陶器 カーテン ランプ テーブル の と で
        """
    ),
    "ko": _words(
        """
        하늘 바다 산 강 호수 숲 나무 꽃 정원 마을 도시 거리 다리 항구 배 집 창문 지붕 문 벽
        책상 의자 시계 부엌 그릇 꽃병 사진 그림 풍경 디자인 수제 유리 도자기 나무로 파란 하얀
        빨간 작은 큰 오래된 새로운 봄 여름 가을 겨울 아침 저녁 비 눈 구름 햇빛 달 지도 기차역
        박물관
        """
    ),
    # the subset without a language: names and numbers, no words
    "nolang": _words(
        """
        Adler Alma Anton Berta Carlo Dora Elias Emil Enzo Frieda Gustav Hanna Ida Jonas Juno
        Karla Keller Lena Linus Lorenz Marta Milan Nora Oskar Otto Paula Petrov Rosa Samuel
        Silva Tanaka Tilda Viktor Wanda Yuki DSC IMG PICT 001 0042 0107 1024x768 1280 1500
        1920 1984 1999 2004 2008 2011 2012 2013 2014 2015 2016 2017 2018 2019 2020 2021
        300x300 4K 500 640x480 720p 800 A4 B2 C-17 HD No. X100 #7 #12 (1) (2) (3) 01-02 12.5
        16:9
        """
    ),
}

# scripts that write no spaces between words
UNSPACED = frozenset({"zh", "ja"})

# language code to its share of the multilingual subset
LANGUAGES: dict[str, int] = {"ru": 20, "fr": 17, "de": 17, "es": 17, "zh": 13, "ja": 10, "ko": 6}

# used where a partner's keywords would be: by language, at home in captions of that language
KEYWORDS: dict[str, tuple[str, ...]] = {
    "en": ("teapot", "paper lantern"),
    "de": ("Straße", "Laterne"),
    "fr": ("théière",),
    "es": ("farola",),
    "ru": ("фонарь", "чайник"),
    "zh": ("茶壶", "灯笼"),
    "ja": ("急須",),
    "ko": ("주전자",),
    "nolang": ("Marvello",),
}
# words that hold a keyword but are other words: a rule must leave them alone
NEAR_KEYWORDS: dict[str, str] = {
    "en": "teapots",
    "de": "Straßenbahn",
    "fr": "théières",
    "es": "farolas",
    "ru": "фонарями",
    "ko": "주전자들",
    "nolang": "Marvellous",
}


# -- Drawing: lengths, positions, digests and tokens from a seeded generator -------------------


def seeded(*parts: object) -> random.Random:
    """A generator of its own for each thing that is drawn: the same parts, the same draws."""
    return random.Random(" ".join(map(str, parts)))  # noqa: S311 (nothing secret is drawn)


def lognormal(median: float, sigma: float, steps: int = 1_024) -> list[int]:
    """Quantiles of a log-normal distribution, evenly spaced: a table to draw lengths from."""
    normal = NormalDist(math.log(median), sigma)
    return [round(math.exp(normal.inv_cdf((i + 0.5) / steps))) for i in range(steps)]


def some(rng: random.Random, n: int, share: float) -> list[int]:
    """Different positions below `n`, as many as `share` asks for on average."""
    return rng.sample(range(n), min(n, int(n * share + rng.random())))


def digests(rng: random.Random, n: int, size: int) -> list[str]:
    """Random digests of `size` bytes, as lower-case hex."""
    text, width = rng.randbytes(n * size).hex(), 2 * size
    return [text[i : i + width] for i in range(0, n * width, width)]


def token(number: int) -> str:
    """Eight hex digits that no other number below 2**32 gives, and that do not look counted."""
    return f"{number * 2_654_435_761 % 2**32:08x}"


def split_evenly(n: int, parts: int) -> list[int]:
    """`n` as a sum of `parts` numbers that differ by one at most."""
    return [n // parts + (i < n % parts) for i in range(parts)]


# -- Made-up captions: neutral words of a language, and keywords where they are asked for ------

_MEAN_LENGTH = 58  # characters, as in LAION-400M
_SIGMA = 0.62
_LANGUAGES = tuple(LANGUAGES)
_SHARES = tuple(LANGUAGES.values())


def _n_words(language: str) -> list[int]:
    """A table to draw a caption's number of words from, so that lengths have the right mean."""
    words = VOCABULARY[language]
    width = sum(map(len, words)) / len(words) + (language not in UNSPACED)
    mean = _MEAN_LENGTH / width
    table = lognormal(mean * 0.82, _SIGMA)
    return [max(n, 1) for n in table]


_N_WORDS = {language: _n_words(language) for language in VOCABULARY}


def languages(rng: random.Random, n: int) -> list[str]:
    """The languages of `n` captions of the multilingual subset."""
    return rng.choices(_LANGUAGES, weights=_SHARES, k=n)


def captions(rng: random.Random, spoken: Sequence[str]) -> list[str]:
    """One caption for each language code of `spoken`; none holds a keyword."""
    made = []
    for language in spoken:
        words = rng.choices(VOCABULARY[language], k=rng.choice(_N_WORDS[language]))
        made.append(("" if language in UNSPACED else " ").join(words))
    return made


def with_keyword(rng: random.Random, caption: str, language: str) -> str:
    """The caption with a keyword of its language in it, in a spelling that still counts."""
    keyword = rng.choice(KEYWORDS[language])
    spelling = rng.random()
    if spelling < 0.2:
        keyword = keyword.capitalize()
    elif spelling < 0.3:
        keyword = keyword.replace("ß", "ẞ").upper()  # upper() alone would make `ß` two letters
    elif spelling < 0.4:
        keyword = unicodedata.normalize("NFD", keyword)
    return _insert(rng, caption, keyword, language)


def with_near_keyword(rng: random.Random, caption: str, language: str) -> str:
    """The caption with a word that merely begins with a keyword, where such a word exists."""
    near = NEAR_KEYWORDS.get(language)
    return _insert(rng, caption, near, language) if near else caption


def _insert(rng: random.Random, caption: str, word: str, language: str) -> str:
    if language in UNSPACED:
        place = rng.randrange(len(caption) + 1)
        return caption[:place] + word + caption[place:]
    words = caption.split(" ")
    words.insert(rng.randrange(len(words) + 1), word)
    return " ".join(words)
