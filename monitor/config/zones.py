"""Finds the time zone that is meant by a country, a city, an abbreviation or a misspelt name. Reads tzdata's names."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from difflib import get_close_matches

# Names that tzdata does not have: abbreviations as desks use them, and countries and cities by their one or main zone.
_MEANT = {
    "Asia/Kolkata": (
        "IST",
        "India",
        "Delhi",
        "New Delhi",
        "Mumbai",
        "Bombay",
        "Bangalore",
        "Bengaluru",
        "Chennai",
    ),
    "Asia/Shanghai": ("China", "Beijing", "Peking"),
    "Asia/Tokyo": ("JST", "Japan", "Osaka"),
    "Asia/Seoul": ("KST", "Korea", "South Korea"),
    "Asia/Taipei": ("Taiwan",),
    "Asia/Karachi": ("PKT", "Pakistan", "Islamabad", "Lahore"),
    "Asia/Dhaka": ("Bangladesh",),
    "Asia/Kathmandu": ("Nepal",),
    "Asia/Colombo": ("Sri Lanka",),
    "Asia/Kabul": ("Afghanistan",),
    "Asia/Ho_Chi_Minh": ("Vietnam", "Hanoi"),
    "Asia/Bangkok": ("Thailand",),
    "Asia/Manila": ("Philippines",),
    "Asia/Jakarta": ("Indonesia", "WIB"),
    "Asia/Kuala_Lumpur": ("Malaysia",),
    "Asia/Tehran": ("Iran",),
    "Asia/Baghdad": ("Iraq",),
    "Asia/Jerusalem": ("Israel", "Tel Aviv"),
    "Asia/Riyadh": ("Saudi Arabia",),
    "Asia/Dubai": ("UAE", "Abu Dhabi", "Emirates"),
    "Asia/Qatar": ("Qatar", "Doha"),
    "Asia/Tashkent": ("Uzbekistan",),
    "Europe/Moscow": ("MSK", "Russia", "St Petersburg"),
    "Europe/Kyiv": ("Ukraine",),
    "Europe/Minsk": ("Belarus",),
    "Europe/London": ("BST", "UK", "Britain", "Great Britain", "England", "Scotland", "United Kingdom"),
    "Europe/Dublin": ("Ireland",),
    "Europe/Berlin": ("CEST", "Germany", "Munich", "Frankfurt", "Hamburg"),
    "Europe/Paris": ("France",),
    "Europe/Madrid": ("Spain", "Barcelona"),
    "Europe/Rome": ("Italy", "Milan"),
    "Europe/Zurich": ("Switzerland", "Geneva", "Bern"),
    "Europe/Vienna": ("Austria",),
    "Europe/Brussels": ("Belgium",),
    "Europe/Amsterdam": ("Netherlands", "Holland", "The Hague"),
    "Europe/Warsaw": ("Poland",),
    "Europe/Stockholm": ("Sweden",),
    "Europe/Oslo": ("Norway",),
    "Europe/Copenhagen": ("Denmark",),
    "Europe/Helsinki": ("Finland",),
    "Europe/Athens": ("Greece",),
    "Europe/Istanbul": ("Turkey", "Türkiye", "Ankara"),
    "Europe/Prague": ("Czechia", "Czech Republic"),
    "Europe/Budapest": ("Hungary",),
    "Europe/Bucharest": ("Romania",),
    "Europe/Lisbon": ("Portugal",),
    "Africa/Cairo": ("Egypt",),
    "Africa/Johannesburg": ("South Africa", "SAST", "Cape Town", "Pretoria"),
    "Africa/Lagos": ("Nigeria", "Abuja"),
    "Africa/Nairobi": ("Kenya", "EAT"),
    "Africa/Addis_Ababa": ("Ethiopia",),
    "America/New_York": (
        "EDT",
        "Washington",
        "Washington DC",
        "USA",
        "US",
        "United States",
        "Boston",
        "Miami",
    ),
    "America/Chicago": ("CST", "CDT", "Houston", "Dallas"),
    "America/Los_Angeles": ("PST", "PDT", "San Francisco", "Seattle", "California"),
    "America/Toronto": ("Canada", "Ottawa"),
    "America/Mexico_City": ("Mexico",),
    "America/Sao_Paulo": ("Brazil", "Brasilia", "Rio de Janeiro", "BRT"),
    "America/Argentina/Buenos_Aires": ("Argentina",),
    "America/Caracas": ("Venezuela",),
    "America/Bogota": ("Colombia",),
    "Australia/Sydney": ("AEST", "AEDT", "Australia", "Canberra"),
    "Pacific/Auckland": ("New Zealand", "Wellington", "NZST"),
}
_BY_NAME = {name.casefold(): zone for zone, names in _MEANT.items() for name in names}
LIKE_ENOUGH = 0.85
"""How like a misspelt name must be: less, and a city of another country is offered."""


def meant_zone(text: str) -> str | None:
    """Give the zone that was probably meant; None where that is not clear."""
    zones = sorted(zoneinfo.available_timezones() - {"localtime"})
    known = {zone.casefold(): zone for zone in zones}
    cities = {
        zone.rpartition("/")[2].casefold(): zone for zone in zones if "/" in zone and zone[:4] != "Etc/"
    }
    for name in _names_in(text):
        underscored = name.replace(" ", "_")
        for found in (known.get(underscored), _BY_NAME.get(name.replace("_", " ")), cities.get(underscored)):
            if found:
                return found
    near = get_close_matches(text.strip().casefold().replace(" ", "_")[:60], known, n=1, cutoff=LIKE_ENOUGH)
    return known[near[0]] if near else None


def _names_in(text: str) -> Iterator[str]:
    """Give the whole text, then its parts, the narrowest place first: of `India/Delhi` Delhi, then India."""
    asked = " ".join(text.casefold().split())
    yield asked
    yield from reversed([part.strip() for part in re.split(r"[/,]", asked) if part.strip()][-3:])
