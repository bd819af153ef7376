"""Decides, and touches nothing: no network, disk, database, clock, randomness or logging. Nouns in, nouns out."""
