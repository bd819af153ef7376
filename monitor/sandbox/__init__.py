"""Parses documents in long-lived children with limits: `pool.ParsePool` on our side, `child` on the other.

Deliberately empty: what a child imports costs its memory, and what reads formats must not be imported here.
"""
