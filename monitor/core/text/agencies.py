"""The news agencies: their usual short names, and the ways in which tags and credits write them. A table.

A new agency is one line here. Nothing in this module knows where in a text a name stands.
"""

from __future__ import annotations

import re

_TABLE = """
AA: Anadolu, Anadolu Agency, Anadolu Ajansı
AAP
ACN
Adnkronos: ADN Kronos
AFP: أ ف ب, فرانس برس, Agence France-Presse, Agence France Presse, AFP News
AGERPRES
AGI
Al Jazeera
ANA-MPA: ANA, AMNA, APE-MPE
Andina
ANI: Asian News International
ANSA: Ansa
AP: The Associated Press, Associated Press, APNewsNow, AP News
APA
APP
APS
ATA
Azertac
Belga
BelTA: BELTA, БЕЛТА
Bernama
Bloomberg
BNS
BSS
BTA: БТА
CNA: 中央社, Focus Taiwan
CNS: 中新社, 中新网, 中国新闻社, China News Service
CP: The Canadian Press, Canadian Press, La Presse Canadienne
CTK: ČTK
DPA International
dpa: د ب أ, dpa-AFX, dpa-infocom, Deutsche Presse-Agentur
EFE: Efe, Agencia EFE
Elta
Europa Press
FARS: Fars News Agency
Fena
GNA
Hina
IANS
Interfax: Интерфакс, Interfax-Ukraine, Интерфакс-Украина, INTERFAX.RU
IPS
IRNA
ISNA
Itar-Tass
JTA
Jiji: Jiji Press, 時事, 时事
KCNA: 조선중앙통신
Keystone-SDA: SDA, ATS, sda, awp
KUNA
Kyodo: Kyodo News, 共同, 共同通信, 共同社
LETA
Lusa
MENA
MNA: Mehr, Mehr News Agency
MTI
NAN
NHK
Notimex
NTB
NZPA
PA: PA Media, Press Association, The Press Association
PANA
PAP
PNA
PTI: Press Trust of India, पीटीआई, भाषा
QNA: قنا
Reuters: رويترز, REUTER, Reuter, Рейтер, 路透社, ロイター, Thomson Reuters
RIA Novosti: RIA, РИА Новости, РИА, Sputnik, Спутник
Ritzau
RNZ
SANA: سانا
SITA
SPA: واس
STA
STT: FNB
TASR
Tanjug: Танјуг
TASS: تاس, ТАСС, Tass, ИТАР-ТАСС, 塔斯社
TT
TurkPress
UNI: वार्ता, यूनीवार्ता
UPI: United Press International
Ukrinform: Укрінформ, Укринформ
UNIAN: УНІАН, УНИАН
VNA: Vietnam News Agency, TTXVN
WAFA: وفا
WAM
Xinhua: شينخوا, 新华社, 新華社, Xinhua News Agency, XINHUA
Yonhap: 연합뉴스, Yonhap News Agency, 韩联社, 聯合通訊社
ZAP
"""


def _spellings() -> dict[str, str]:
    known: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        short, _, others = line.partition(":")
        for name in (short, *others.split(",")):
            if name.strip():
                known.setdefault(name.strip().casefold(), short.strip())
    return known


_KNOWN = _spellings() | {"itar-tass": "TASS", "dpa international": "dpa"}
_PARTS = re.compile(r"\s*(?:[/|,;+&]|(?:\s-\s)|\s(?:and|und|et|y)\s)\s*")
LONGEST_NAME = max(map(len, _KNOWN))


def agency_named(tag: str) -> str | None:
    """Give the usual short name of the agency that a tag names, the first one where it names several.

    `dpa/lbn`, `AFP/Reuters` and `Reuters - Exclusive` are tags; None: the tag names no agency that we know.
    """
    whole = " ".join(tag.split()).casefold().strip(" .:/()[]-–—")
    if whole in _KNOWN:
        return _KNOWN[whole]
    return _KNOWN.get(_PARTS.split(whole, maxsplit=1)[0].strip(" .:"))
