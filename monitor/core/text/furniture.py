"""Knows the lines of wire copy that are no running text: slugs, bylines, notes to editors, sign-offs.

Every rule says what one line, one paragraph or one paragraph's end is; where it must stand to count is for
`zones` to say. Patterns are tables: a new agency's habit is one row.
"""

from __future__ import annotations

import re

from monitor.core.text.agencies import agency_named
from monitor.core.text.months import month_number

LONGEST_LINE = 200
"""Characters of a line that can be furniture."""
LONGEST_CREDIT = 600
"""Characters of a paragraph that credits reporters."""


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in patterns), re.IGNORECASE)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# -- at the head -----------------------------------------------------------------------------

_SLUG = re.compile(
    r"(?:BC|AM|PM|EU|AS|ML|LT|AF|US)-[A-Z][^\s.!?]*(?:[ ,][^.!?\n]{0,80})?"  # BC-US--GiantLobster, 1st Ld
    r"|(?:[^\W_]+[-/_])+[^\W_]*(?:/|,\s?[^\n.!?]{0,60})?"  # Germany-politics/ · CHINA-RUSSIA/TALKS
    r"|[A-Z0-9]+(?:[-/]{1,2}[A-Z0-9]+)+(?: [A-Z0-9-]+){0,4}"  # RUSSIA-CHINA-LD TALKS
)
_SLUG_LABEL = re.compile(r"slug(?:line)?\s*:\s*\S.*", re.IGNORECASE)
_RANK = _any(
    r"(?:\d{1,2}(?:st|nd|rd|th)\s+)?(?:lead|ld)(?:-?writethru)?(?:[ :,-].{0,60})?",
    r"(?:flash|bulletin|urgent|snap|alert|breaking(?: news)?|news ?alert|eilmeldung|молния|срочно)!?",
)
_BYLINE = re.compile(
    r"(?:By|BY|by|Von|VON|Par|PAR|Por|POR|Di|Da|Autor:|Author:|Byline:|Text:|Автор:|Текст:)\s+(?P<names>[^\W\d_].*)"
)
_BYLINE_SMALL = _words("and und et y e de la van von der den di da du del al bin ibn of in for и")
_WRITER = re.compile(
    r"(?:(?:Associated Press|AP|Reuters|AFP|dpa|PTI|UPI)\b[^.\n]{0,50}(?:Writers?|Correspondents?|Reporters?|Editor))"
)
_CJK_REPORTER = re.compile(r"[（(]?(?:本报)?记者[\s:：]?[\u3400-\u9fff·、 ]{2,20}[)）]?")

_SERVICE_NUMBER = re.compile(r"[A-Z]{3} ?\d{1,3}(?:\s+(?P<slug>\S.*))?")  # DEL45 · FGN12 CHINA-TALKS

# -- notes, anywhere between paragraphs ------------------------------------------------------

_NOTE_AT_THE_HEAD = _any(
    r"ed(?:itor)?\s*:", r"advisory\s*[:—-]"
)  # in running text, somebody who speaks, or news
_NOTE = _any(
    r"\(?(?:eds|editors)\s*:|\(ed(?:itor)?\s*:",
    r"[\[(*#\s-]*(?:editor['’]?s['’]?|editors['’]?|editorial)\s+notes?\b",
    r"[\[(*#\s-]*notes?\s+(?:to|for)\s+(?:the\s+)?editors?\b",
    r"[\[(]?attn\b|[\[(]?attention\s*[:,]?\s*editors?",
    r"[\[(]advisory\s*[:—-]",
    r"\((?:adds?|updates?|updated|updating|recasts?|corrects?|corrected|refiles?|repeats?|rewrites?|changes?|releads?|"
    r"eds|pls|photos?|with photos?|with video)\b[^()]{0,400}\)\s*$",
    r"(?:this|the) (?:story|item|article) (?:has been|was) (?:corrected|updated|refiled)\b",
    r"примечание редакц|к сведению редакц",
)
_NOTE_TO_THE_END = _any(
    r"#+\s*(?:\w+\s+)?notebook\b",
    r"#+\s*notizblock\b",
    r"(?:[-*=_]\s?){3,}\s*(?:the following information is|die folgenden informationen sind|not for publication)",
    r"the following information is (?:not|for editors)",
    r"die folgenden informationen sind nicht",
    r"[\[(*\s-]*(?:not for publication|nicht zur veröffentlichung|ne pas publier|no publicar|не для публикации)\b(?!,)",
    r"notes? to editors?\s*:?\s*$",
)
_STARS = re.compile(r"(?:[*#=_-]\s?){3,}")

# -- at the end ------------------------------------------------------------------------------

_END_MARK = _any(
    r"[-–—(/\[#*\s]{0,4}(?:ends?|enditem|endit|more|end of (?:story|text|item)"
    r"|fin|ende|fine|slut|loppu|bitti|koniec|kraj|конец|кінець)[-–—)/\]#*.\s]{0,4}",
    r"[#*]{3,}|-\s?30\s?-|-0-|n{4}|[（(【]完[）)】]|[（(]终[）)]|[(（]끝[)）]|[(（]了[)）]|【了】",
    r"[a-z]{2,3}-[a-z]{2,3}-\d\d-\d\d-\d\d\s+\d{4}\s?gmt",  # AP-WF-08-29-16 1626GMT
    r"\d{6}\s+(?:gmt\s+)?[a-z]{3}\s+\d\d",  # 131137 GMT Nov 13
    r"(?:(?:copyright|\(c\)|©)[\s,]*){1,3}(?:19|20)\d\d\b.{0,170}|©.{0,180}",
    r"(?:copyright|\(c\))\s.{0,150}\brights reserved.{0,40}",
)
_COPYRIGHT = re.compile(r"(?:copyright|\(c\))\s+(?:by\s+)?(?P<who>.{2,40}?)\.?", re.IGNORECASE)
_XINHUAS_END = re.compile(r"end(?:item|it)\.?", re.IGNORECASE)  # no word besides
_AP_TIME = re.compile(r"-(?P<m>\d\d)-(?P<d>\d\d)-(?P<y>\d\d)\s+(?P<h>\d\d)(?P<min>\d\d)\s?GMT")
_DPA_TIME = re.compile(r"(?P<d>\d\d)(?P<h>\d\d)(?P<min>\d\d)\s+GMT\s+(?P<name>[A-Za-z]{3})\s+(?P<y>\d\d)\b")
_INITIALS = re.compile(r"[a-z]{1,5}(?:[/-][a-z]{1,6}){1,6}\.?|[a-z]{2,4}/(?: ?[a-z]{2,4}/){0,4}")
_MORE_OF_A_TAG = re.compile(r"[A-Z]{1,5}(?:[ /-][A-Z]{1,5}){0,7}\.?|[a-z]{2,4}(?: [a-z]{2,4}){0,7}|\d{4,12}")
_MORE = re.compile(r"\A\(?MORE\)?\s+(?=\S)")
_TAGGED = re.compile(
    r"[-–—=(\[/\s]{0,4}(?P<tag>[^\W\d_][^\s()\[\]]{0,24}(?:\s(?:News|Press|Agency|Novosti|Новости|Media)){0,2})"
    r"(?P<desk>(?:[\s/,-]{1,3}[^\W\d_][^\W_]{0,5}){0,7})[-)\]/.\s]{0,4}"
)
_CREDIT = _any(
    r"[(\[]?(?:additional |with )?(?:reporting|writing|editing|written|edited|reported|compiled|translated)"
    r"(?:,? (?:and|&) (?:writing|editing|reporting))?\s+(?:by|in|from)\b",
    r"[(\[](?:by|writing|editing)\s",
    r"[(\[]?(?:the )?(?:associated press|ap|reuters|afp)\b[^.]{0,160}\bcontributed\.?$",
    r"[(\[]?(?:reportage|rédaction|reportaje|redacción|edición|bericht|redaktion|автор|редактор)[^.]{0,20}:",
)
_CREDIT_SMALL = _BYLINE_SMALL | _words(
    "by additional with reporting writing editing from translated compiled para"
)
_INLINE_END = re.compile(
    r"(?<=[.!?…\"”’»)。！？])\s+(?P<sign>"
    r"\([^()\n]{2,24}\)\.?|[-–—=]{1,2}\s?[^\W\d_][^\s()]{1,24}|(?:\(?MORE\)?\s)?[^\W\d_][^\s()]{1,15}(?:[\s/][A-Za-z]{1,5}){0,7}"
    r")\s*\Z"
)
_INLINE_CREDIT = re.compile(
    r"\s(?P<sign>\((?:Additional )?(?:Reporting|Writing|Editing)\b[^()]{1,500}\)?)\s*\Z"
)
_SLASHED_END = re.compile(r"(?<=[.!?…\"”])(?P<sign>/[a-z]{2,4}(?:/[A-Za-z]{2,4}){1,3})\s*\Z")  # dpa-AFX
_CJK_INLINE_END = re.compile(r"(?P<sign>[（(【](?:完|终|끝|了)[）)】])\s*\Z")


def is_slug(line: str) -> bool:
    """Whether a line is a slug: one word of parts, or a service letter and a slug."""
    return len(line) <= 100 and (
        _SLUG_LABEL.fullmatch(line) is not None
        or (_SLUG.fullmatch(line) is not None and any(map(str.isalpha, line)))
    )


def is_rank(line: str) -> bool:
    """Whether a line says only how a piece ranks: URGENT, 1ST LEAD."""
    return len(line) <= 80 and _RANK.fullmatch(line) is not None


def is_byline(line: str) -> bool:
    """Whether a line says who wrote a piece, and nothing besides."""
    if len(line) > 120:
        return False
    if _WRITER.fullmatch(line) or _CJK_REPORTER.fullmatch(line):
        return True
    found = _BYLINE.fullmatch(line.rstrip(" =."))
    return found is not None and all(
        w[0].isupper() or not w[0].isalpha() or w in _BYLINE_SMALL or agency_named(w)
        for w in found["names"].split()
    )


def is_service_number(line: str) -> bool:
    """Whether a line is the letters and number that a service gives a piece, with or without a slug."""
    found = _SERVICE_NUMBER.fullmatch(line) if len(line) <= 100 else None
    return found is not None and (found["slug"] is None or is_slug(found["slug"]))


def is_note(paragraph: str, *, at_the_head: bool = False) -> bool:
    """Whether a paragraph is a note to editors, and no copy for readers."""
    return _NOTE.match(paragraph) is not None or (
        at_the_head and _NOTE_AT_THE_HEAD.match(paragraph) is not None
    )


def opens_notes(paragraph: str) -> bool:
    """Whether a paragraph opens a block of notes that goes on to the sign-off."""
    return _NOTE_TO_THE_END.match(paragraph) is not None


def is_rule(line: str) -> bool:
    """Whether a line is only drawn, as `* * * *` is."""
    return _STARS.fullmatch(line) is not None


def is_signoff(line: str, *, agency: str | None = None) -> bool:
    """Whether a line at the end of a piece is an agency's tag, desk initials, a credit or an end mark.

    `agency` is a short name that the source or the dateline told, for tags of agencies that we do not know.
    """
    if _is_credit(line):
        return True
    if len(line) > LONGEST_LINE:
        return False
    if _END_MARK.fullmatch(line) or _INITIALS.fullmatch(line):
        return True
    if (found := _COPYRIGHT.fullmatch(line)) and agency_named(found["who"]):
        return True
    return signing_agency(line, agency) is not None


def may_go_on_a_tag(line: str) -> bool:
    """Whether a line can be more of the tag that stands above it: initials, or a number. Alone it may be text."""
    return len(line) <= LONGEST_LINE and _MORE_OF_A_TAG.fullmatch(line) is not None


def _is_credit(text: str) -> bool:
    """Credits hold names and nothing else, or are in brackets: `Written by Hugo, the novel …` is a sentence."""
    if len(text) > LONGEST_CREDIT or _CREDIT.match(text) is None:
        return False
    words = text.split()[1:]
    return (
        (text[0] in "([" and words and text[1:4].lower() != "by ")
        or words[-1].rstrip(".)") == "contributed"
        or all(
            not w[0].isalpha() or w[0].isupper() or w.lower().rstrip(",;.") in _CREDIT_SMALL for w in words
        )
    )


def signing_agency(line: str, agency: str | None = None) -> str | None:
    """Give the agency of a sign-off such as `PTI KJV ZH ZH`, `— Xinhua` or `(ANI)`; None: it names none."""
    found = _TAGGED.fullmatch(_MORE.sub("", line)) if len(line) <= LONGEST_LINE else None
    if found is None or not _is_desk(found["desk"]):
        return None
    tag = found["tag"].rstrip(".-/")
    if agency is not None and tag.casefold() == agency.casefold():
        return agency
    return agency_named(tag)


def _is_desk(desk: str) -> bool:
    """Desk initials are all capitals or all small: `TASS Photo` is none."""
    letters = "".join(c for c in desk if c.isalpha())
    return not letters or letters.isupper() or letters.islower()


def signed_at(signoff: str) -> str | None:
    """Give the time that a sign-off ends with, as an ISO date-time in UTC, from AP's and dpa's forms; None: none."""
    if found := _AP_TIME.search(signoff):
        return "20{y}-{m}-{d}T{h}:{min}Z".format(**found.groupdict())
    if (found := _DPA_TIME.search(signoff)) and (month := month_number(found["name"])):
        return "20{y}-{0:02}-{d}T{h}:{min}Z".format(month, **found.groupdict())
    return None


def signoff_start(paragraph: str, *, agency: str | None = None) -> int | None:
    """Give where a sign-off begins that stands at the end of a paragraph's last sentence; None: none stands there."""
    at = max(0, len(paragraph) - LONGEST_CREDIT)
    tail = paragraph[at:]
    for pattern in (_INLINE_CREDIT, _CJK_INLINE_END, _SLASHED_END):
        if found := pattern.search(tail):
            return at + found.start("sign")
    near = max(0, len(paragraph) - 60)
    found = _INLINE_END.search(paragraph, near)
    if found is None:
        return None
    sign = found["sign"]
    ends = _XINHUAS_END.fullmatch(sign) or (
        _END_MARK.fullmatch(sign) and (sign.isupper() or not sign[0].isalpha())
    )
    if ends or signing_agency(sign, agency) is not None:
        return found.start("sign")
    return None
