"""YAML becomes frozen Settings, with every mistake told as file:line:column: path: what is wrong.

Reads files and environment, and nothing else: it opens no network, no database, and builds no channel.
"""

from monitor.config.advice import warnings
from monitor.config.load import load, load_watchlist
from monitor.config.places import find_directory, state_directory
from monitor.config.schema import json_schema
from monitor.config.settings import Settings
from monitor.config.starter import init_files, write_init

__all__ = [
    "Settings",
    "find_directory",
    "init_files",
    "json_schema",
    "load",
    "load_watchlist",
    "state_directory",
    "warnings",
    "write_init",
]
