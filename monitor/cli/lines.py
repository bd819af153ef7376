"""Prints records for programs: one JSON object a line, UTF-8 whatever the locale. It knows no noun."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping

# A terminal obeys C1 controls, and some readers of lines break at these; all may be escaped in JSON.
_ESCAPED = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}

Record = Mapping[str, object]


def line(record: Record) -> bytes:
    """Give a record as a line, its line feed included. A lone surrogate becomes its JSON escape."""
    text = json.dumps(record, ensure_ascii=False, separators=(", ", ": ")).translate(_ESCAPED)
    # The escapes of `backslashreplace` are those of JSON.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def write(records: Iterable[Record]) -> None:
    """Print records as they come."""
    out = sys.stdout.buffer
    for record in records:
        out.write(line(record))
    out.flush()
