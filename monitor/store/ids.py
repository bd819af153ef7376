"""Ids of our own: random, safe to read aloud and to type, never reused."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable

TYPABLE = "23456789bcdfghjkmnpqrstvwxyz"
"""No look-alikes (0 o 1 l i), and no vowels, so that no id is a word."""

_LOWER = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")


def random_id() -> str:
    """Give twelve characters, 60 random bits."""
    return base64.b32encode(os.urandom(10)).translate(_LOWER)[:12].decode()


def short_id(taken: int, exists: Callable[[str], bool]) -> str:
    """Give an unused id of four typable characters; of more where over a tenth of the shorter ones are taken.

    `taken` is how many ids exist at least; `exists` says whether one does.
    """
    length = 4
    while taken * 10 > len(TYPABLE) ** length:
        length += 1
    while exists(id := "".join(secrets.choice(TYPABLE) for _ in range(length))):
        pass
    return id
