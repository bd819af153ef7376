"""Datelines are told from running text, in the shapes of the agencies, and exactly to their end."""

import time
from datetime import date

import pytest

from monitor.core.text.agencies import agency_named
from monitor.core.text.datelines import LONGEST, Day, day_of, read_dateline


@pytest.mark.parametrize(
    ("dateline", "place", "day", "agency"),
    [
        ("Beijing, Jan 27 (PTI)", "Beijing", "--01-27", "PTI"),
        ("New Delhi, Jan 27 (PTI)", "New Delhi", "--01-27", "PTI"),
        ("MOSCOW, January 27. /TASS/.", "MOSCOW", "--01-27", "TASS"),
        ("МОСКВА, 27 января. /ТАСС/.", "МОСКВА", "--01-27", "TASS"),
        ("МОСКВА, 27 янв - РИА Новости.", "МОСКВА", "--01-27", "RIA Novosti"),
        ("Москва. 27 января. INTERFAX.RU -", "Москва", "--01-27", "Interfax"),
        ("Kiev. January 27. Interfax-Ukraine –", "Kiev", "--01-27", "Interfax"),
        ("Москва (Интерфакс), 27 января —", "Москва", "--01-27", "Interfax"),
        ("NEW DELHI, Jan 27 (Reuters) -", "NEW DELHI", "--01-27", "Reuters"),
        ("BEIJING (AP) —", "BEIJING", None, "AP"),
        ("CHATHAM, Mass. (AP) _", "CHATHAM, Mass.", None, "AP"),
        ("PARIS, Jan 27, 2026 (AFP) -", "PARIS", "2026-01-27", "AFP"),
        ("Berlin (dpa) -", "Berlin", None, "dpa"),
        ("Berlin/Paris (dpa/lbn) -", "Berlin/Paris", None, "dpa"),
        ("New Delhi [India], January 27 (ANI):", "New Delhi [India]", "--01-27", "ANI"),
        ("TOKYO, Jan. 27 (Kyodo) --", "TOKYO", "--01-27", "Kyodo"),
        ("TOKYO, Jan 27, Kyodo -", "TOKYO", "--01-27", "Kyodo"),
        ("SEOUL, Jan. 27 (Yonhap) --", "SEOUL", "--01-27", "Yonhap"),
        ("(서울=연합뉴스) 홍길동 기자 =", "서울", None, "Yonhap"),
        ("新华社北京1月27日电（记者张三）", "北京", "--01-27", "Xinhua"),
        ("新华社北京1月27日电（记者张三\n李四）", "北京", "--01-27", "Xinhua"),
        ("【北京共同】", "北京", None, "Kyodo"),
        ("Madrid, 27 ene (EFE).-", "Madrid", "--01-27", "EFE"),
        ("(ANSA) - ROMA, 27 GEN -", "ROMA", "--01-27", "ANSA"),
        ("Warszawa, 27.01.2026 (PAP) -", "Warszawa", "2026-01-27", "PAP"),
        ("Riyadh, January 27, 2026, SPA --", "Riyadh", "2026-01-27", "SPA"),
        ("Tehran, IRNA –", "Tehran", None, "IRNA"),
        ("Stockholm /TT/ -", "Stockholm", None, "TT"),
        ("Oslo (NTB):", "Oslo", None, "NTB"),
        ("BRUSSELS 27/01 (BELGA) -", "BRUSSELS", "--01-27", "Belga"),
        ("ZAGREB, 27. siječnja 2026. (Hina) -", "ZAGREB", "2026-01-27", "Hina"),
        ("Washington, D.C., Jan 27 (PTI)", "Washington, D.C.", "--01-27", "PTI"),
        ("Beijing, Tuesday, Jan 27 (PTI)", "Beijing", "--01-27", "PTI"),
        ("SAN SALVADOR, Jan 27 -", "SAN SALVADOR", "--01-27", None),
        ("vancouver, jan 27 -", "vancouver", "--01-27", None),
        ("CHICAGO, Marhc 187 -", "CHICAGO", None, None),
        ("KATHMANDU, Jan 27:", "KATHMANDU", "--01-27", None),
        ("LONDON —", "LONDON", None, None),
        ("Jan 27 (Reuters) -", None, "--01-27", "Reuters"),
        ("(Reuters) -", None, None, "Reuters"),
        ("LONDON, Jan 27 (Reuters Breakingviews) -", "LONDON", "--01-27", "Reuters"),
        ("ПЕКИН, 27 января. /Корр. ТАСС Иван Петров/.", "ПЕКИН", "--01-27", "TASS"),
        ("W.Va., Jan 27 -", "W.Va.", "--01-27", None),
        ("SAN FRANCISCO DE MACORIS, Dominican Republic, Jan\n27 (AP) -", None, "--01-27", "AP"),
        ("Mars Base, Jan 27 (XYZ News)", "Mars Base", "--01-27", "XYZ News"),
        ("Kochi (Kerala), Jan 27 (PTI)", "Kochi (Kerala)", "--01-27", "PTI"),
        ("Agra (Uttar Pradesh), January 27:", "Agra (Uttar Pradesh)", "--01-27", None),
        ("NEW DELHI:", "NEW DELHI", None, None),
        ("(부산=연합뉴스)", "부산", None, "Yonhap"),
        ("(베이징=연합뉴스) 홍길동 특파원 =", "베이징", None, "Yonhap"),
    ],
)
def test_a_dateline_is_read_to_its_end(
    dateline: str, place: str | None, day: str | None, agency: str | None
) -> None:
    found = read_dateline(f"{dateline} The text goes on (AP) - here, Jan 1.")
    assert found is not None
    assert found.end == len(dateline)
    assert place is None or found.place == place
    assert (found.day.written() if found.day else None) == day
    assert found.agency == agency


@pytest.mark.parametrize(
    "text",
    [
        "Russia's state-run Tass news agency said (AP) - nothing.",
        "Apple Inc (AAPL) - shares rose.",
        "NATO - the alliance - met in Oslo.",
        "He met Li in Beijing, Jan 27 - then left.",
        "President Xi Jinping (AP) said nothing.",
        "Wang Yi (Xinhua) said nothing.",
        "Wang Yi (AP Photo/Jane Roe) The minister smiles.",
        "Text ends. (AP) The minister smiles.",
        "قال الوزير في مؤتمر صحفي يوم 27 يناير (كانون الثاني) إن الجسر مفتوح.",
        "मंत्री ने कहा कि 27 जनवरी (मंगलवार) को पुल खुला।",
        "部长说1月27日（星期二）大桥通车。",
        "LIVE - Watch the ministers talk",
        "UPDATE - The ministers talked",
        "On Jan 27 - a Tuesday - it snowed.",
        "The minister arrived in Moscow on Jan 27 (Tuesday) - late.",
        "It was Area 51 - they said.",
        "Moscow: The ministers talked until late at night.",
        "OSLO: The ministers talk",
        "OSLO: he said that he had not slept all night.",
        "NATO: The alliance met until late at night in Oslo.",
        "IMPORTANT NOTICE: The page that you are looking for is gone.",
        "Wang Yi (left), Jan 27 (Tuesday) of this year.",
        "A long-term plan - and a good one - failed.",
        "",
        " ",
        "(",
    ],
)
def test_running_text_is_no_dateline(text: str) -> None:
    assert read_dateline(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jan 27", Day(1, 27)),
        ("27 января", Day(1, 27)),
        ("27/01", Day(1, 27)),
        ("2026-01-27", Day(1, 27, 2026)),
        ("27.1.26", Day(1, 27, 2026)),
        ("1月27日", Day(1, 27)),
        ("Jan 32", None),
        ("Foo 27", None),
        ("31/13", None),
    ],
)
def test_the_day_of_a_dateline_is_read(text: str, expected: Day | None) -> None:
    assert day_of(text) == expected


@pytest.mark.parametrize(
    ("day", "near", "written"),
    [
        (Day(1, 27, 2026), date(2020, 1, 1), "2026-01-27"),
        (Day(1, 27), date(2026, 1, 28), "2026-01-27"),
        (Day(12, 31), date(2026, 1, 1), "2025-12-31"),
        (Day(1, 1), date(2025, 12, 31), "2026-01-01"),
        (Day(2, 29), date(2025, 2, 28), "2024-02-29"),
        (Day(2, 31), date(2025, 2, 28), "--02-31"),
        (Day(1, 27), None, "--01-27"),
    ],
)
def test_the_year_of_a_dateline_is_the_nearest_that_the_document_tells(
    day: Day, near: date | None, written: str
) -> None:
    assert day.written(near) == written


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("DPA", "dpa"),
        ("dpa/lbn", "dpa"),
        ("AFP/Reuters", "AFP"),
        ("The Associated Press", "AP"),
        ("ТАСС", "TASS"),
        ("AAPL", None),
        ("", None),
    ],
)
def test_agencies_go_by_their_usual_short_names(tag: str, name: str | None) -> None:
    assert agency_named(tag) == name


@pytest.mark.parametrize(
    "unit", ["A", "A ", "A, ", "Aa. ", "1 ", "(", "A-", "- ", "*", "北", "Ab, Jan 27 (", "/a"]
)
def test_hostile_heads_take_no_time(unit: str) -> None:
    began = time.process_time()
    for _ in range(200):
        read_dateline((unit * LONGEST)[: LONGEST * 2])
    assert time.process_time() - began < 1
