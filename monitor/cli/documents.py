"""parse, match: files in, what is read or found in them out. No configuration, store or network."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from monitor.cli import records
from monitor.cli.files import read_document
from monitor.cli.lines import write
from monitor.cli.place import Options, loud
from monitor.cli.safe import one_line
from monitor.config import load_watchlist
from monitor.config.addresses import encoding, zone
from monitor.config.doubts import doubts
from monitor.core.watch import compile_watchlist
from monitor.model import Article, Hints, Match, Parsed, Refused
from monitor.ports import Parse
from monitor.sandbox.pool import ParsePool

Show = Callable[[str, Article], None]
"""Prints one article of the file that the argument names."""
CHILDREN = os.cpu_count() or 1


class _Read(click.ParamType[str]):
    """A word that the configuration takes too, read as it reads it."""

    def __init__(self, name: str, read: Callable[[str], str]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the word as it is to be."""
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _reading(command: Callable[..., Any]) -> Any:
    """Add the files, what is known of them, and the form of the output."""
    made: Any = loud(click.pass_obj(command))
    made = click.option("--timezone", type=_Read("zone", zone), help="Zone of dates that name none.")(made)
    made = click.option(
        "--encoding", type=_Read("name", encoding), help="How it is encoded, where it does not say."
    )(made)
    made = click.option("--agency", metavar="NAME", help="Whose copy it is, where it does not say.")(made)
    made = click.option("--json", "as_json", is_flag=True, help="One line of JSON for programs, UTF-8.")(made)
    return click.argument("files", metavar="FILE...", nargs=-1, required=True)(made)


@click.command(
    epilog="\b\nExamples:\n  monitor parse seeds/*.txt\n  monitor parse --json --agency PTI 0127.txt | jq .headline\n"
    "  curl -s https://news.example/rss | monitor parse -"
)
@_reading
def parse(options: Options, files: tuple[str, ...], as_json: bool, **known: str | None) -> int:
    """Show what is read out of files: feeds or wire copy, as the monitor itself reads them.

    A FILE of - is standard input. Each file is read in a child process with limits.

    \b
    --json prints one object for each article, in document order: file, member,
    format, id, version, headline, slug, byline, place, dateline_date, agency,
    language, published, embargo_until, url, urgency, lifecycle, text, body,
    zones [{zone, start, end}]; null where the document does not say.
    Offsets count code points of text, end exclusive.
    A document without news text prints nothing.

    \b
    Exits with
      0  every file was read
      1  a file was refused; a line on stderr names it, the rest go on
      2  the command line has a mistake
    """
    return asyncio.run(_read_all(files, Hints(**known), _article_printer(as_json), options))


def _article_printer(as_json: bool) -> Show:
    if as_json:
        return lambda file, article: write([records.article_record(file, article)])
    from monitor.cli import pieces  # noqa: PLC0415 -- loads rich, which programs need not wait for

    return pieces.Pieces().article


@click.command(
    epilog="\b\nExamples:\n  monitor match --watchlist watchlists/mine.yaml seeds/*.txt\n"
    "  monitor match --watchlist mine.yaml --json 0127.txt | jq .name"
)
@click.option(
    "--watchlist",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="One watchlist file (YAML).",
)
@_reading
def match(
    options: Options, files: tuple[str, ...], as_json: bool, watchlist: Path, **known: str | None
) -> int:
    """Show which watches of one watchlist match in files, with the words that prove it.

    A FILE of - is standard input.

    \b
    --json prints one object for each article and watch: file, article (the
    document's id, else sha256: and the hash of its text), watch, name,
    kind (person, organisation, place, other, topic),
    mentions [{zone, start, end, text, term}].

    \b
    Exits with
      0  every file was read, whether anything matched or not
      1  a file was refused; a line on stderr names it, the rest go on
      2  usage, or a mistake in the watchlist; no file was read
    """
    found = load_watchlist(watchlist)
    for told in doubts(found.watches):
        click.echo(one_line(f"warning: {told}"), err=True)
    finder = compile_watchlist(found)
    show = _match_printer(as_json)
    return asyncio.run(
        _read_all(
            files, Hints(**known), lambda file, article: show(file, article, finder.match(article)), options
        )
    )


def _match_printer(as_json: bool) -> Callable[[str, Article, Sequence[Match]], None]:
    if as_json:
        return lambda file, article, matches: write(records.match_record(file, article, m) for m in matches)
    from monitor.cli import pieces  # noqa: PLC0415 -- loads rich, which programs need not wait for

    return pieces.Pieces().matches


async def _read_all(files: Sequence[str], hints: Hints, show: Show, options: Options) -> int:
    """Read every file, show its articles in the order of the arguments, and give the exit code."""
    code = 0
    async with aclosing(_outcomes(files, hints, datetime.now(UTC))) as outcomes:
        with _progress(files) as done:
            async for file, found in outcomes:
                done()
                if isinstance(found, Refused):
                    _complain(file, found.reason)
                    code = 1
                    continue
                for article in found.articles:
                    show(file, article)
                for doubt in found.doubts if options.verbose else ():
                    _complain(file, doubt)
    return code


def _complain(file: str, reason: str) -> None:
    click.echo(f"{one_line(file)}: {one_line(reason)}", err=True)


async def _outcomes(
    files: Sequence[str], hints: Hints, now: datetime
) -> AsyncGenerator[tuple[str, Parsed | Refused]]:
    """Give what is read out of each file, in order; a few are read ahead."""
    async with ParsePool(min(CHILDREN, len(files))) as pool:
        ahead: deque[tuple[str, asyncio.Task[Parsed | Refused]]] = deque()
        try:
            for file in files:
                ahead.append((file, asyncio.create_task(_read(pool, file, hints, now))))
                if len(ahead) >= 2 * CHILDREN:
                    name, task = ahead.popleft()
                    yield name, await task
            while ahead:
                name, task = ahead.popleft()
                yield name, await task
        finally:
            # Those under way end before their pool does.
            for _, task in ahead:
                task.cancel()
            await asyncio.gather(*(task for _, task in ahead), return_exceptions=True)


async def _read(pool: Parse, file: str, hints: Hints, now: datetime) -> Parsed | Refused:
    document = await asyncio.to_thread(read_document, file, hints, now)
    return document if isinstance(document, Refused) else await pool.parse(document)


@contextmanager
def _progress(files: Sequence[str]) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr while a person waits for output that goes elsewhere."""
    err, out = sys.stderr, sys.stdout
    if len(files) < 2 or not err.isatty() or out.isatty():
        yield lambda: None
        return
    with click.progressbar(length=len(files), label="reading", file=err, show_pos=True) as bar:
        yield lambda: bar.update(1)
