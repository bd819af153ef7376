"""The names of months, as agencies write them, and nothing else: a table."""

from __future__ import annotations

_NAMES = """
january يناير जनवरी jan janvier janv januar jän jänner janner gennaio gen enero ene janeiro januari
    januára januar jaan ledna styczeń stycznia sty siječnja siječanj январь января янв січень січня січ
    ocak oca tammikuuta január januára янв. януари janvāris јануар јануара ian ianuarie januarie
february فبراير फरवरी feb février févr fev februar febr febbraio febrero fevereiro februari února luty
    lutego lut veljače veljača февраль февраля фев февр лютий лютого лют şubat şub helmikuuta február
    februára февруари фебруара februarie
march مارس मार्च mar mars märz mrz marzo março maart mrt března marzec marca ožujka ožujak март марта мар
    березень березня бер mart maaliskuuta március martie
april أبريل अप्रैल apr avril avr aprile abril abr dubna kwiecień kwietnia kwi travnja travanj апрель
    апреля апр квітень квітня кві nisan nis huhtikuuta április aprila април априла aprilie
may مايو मई mai maggio mag mayo maio mei května maj maja svibnja svibanj май мая травень травня тра mayıs
    toukokuuta május мај маја
june يونيو जून jun juin juni giugno giu junio junho června czerwiec czerwca cze lipnja lipanj июнь июня
    июн червень червня чер haziran haz kesäkuuta június juna јун јуна юни iunie
july يوليو जुलाई jul juillet juil juli luglio lug julio julho července lipiec lipca lip srpnja srpanj июль
    июля июл липень липня лип temmuz tem heinäkuuta július jula јул јула юли iulie
august أغسطس अगस्त aug août aout agosto ago augustus srpna sierpień sierpnia sie kolovoza kolovoz август
    августа авг серпень серпня сер ağustos ağu elokuuta augusztus avgusta avgust
september سبتمبر सितंबर sept sep septembre settembre set septiembre setembro září wrzesień września wrz
    rujna rujan сентябрь сентября сен сент вересень вересня вер eylül eyl syyskuuta szeptember septembra
    септември септембра septembrie
october أكتوبر अक्टूबर oct octobre oktober okt ottobre ott octubre outubro out října październik
    października paź октябрь октября окт жовтень жовтня жов ekim eki lokakuuta október oktobra октомври
    октобра octombrie
november نوفمبر नवंबर nov novembre noviembre novembro listopadu listopad listopada studenog studenoga
    studeni ноябрь ноября ноя нояб листопад листопада лис kasım kas marraskuuta novembra ноември новембра
    noiembrie
december ديسمبر दिसंबर dec décembre déc dezember dez dicembre dic diciembre dezembro prosince grudzień
    grudnia gru prosinca prosinac декабрь декабря дек грудень грудня гру aralık ara joulukuuta decembra
    декември децембра decembrie
"""

MONTHS: dict[str, int] = {
    name: number
    for number, line in enumerate(_NAMES.replace("\n    ", " ").strip().splitlines(), 1)
    for name in line.split()
}
"""From a name in lower case, with no full stop, to its number. Croatian's `listopad` is October, Polish's
and Czech's is November, and those are meant: they are many more."""


def month_number(name: str) -> int | None:
    """Give 1 to 12 for a month's name or its abbreviation in any of our languages; None: it is no month."""
    return MONTHS.get(name.rstrip(".").lower())
