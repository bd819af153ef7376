"""Watchlists at work: every watched term found in one pass over an article, and the watches that they prove."""

from monitor.core.watch.finder import Finder, compile_watchlist

__all__ = ["Finder", "compile_watchlist"]
