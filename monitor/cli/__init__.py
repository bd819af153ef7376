"""The commands: they read flags, call the rooms, and print. They decide nothing about news.

    root      the table of commands, loaded one at a time; global options; what an error becomes
    place     where configuration, state and database are
    documents parse, match                    (files in, nothing kept)
    running   run
    setup     init, check, schema, send-test, install, completion
    stored    alerts, articles, sources, deliveries, search, why
    records   the JSON contracts, noun -> dict; lines prints them
    tables, story, pieces, screen             what people see

Only the last row imports rich, and only where a person is to read: a program asking for JSON does not wait for it.
"""

from monitor.cli.root import main

__all__ = ["main"]
