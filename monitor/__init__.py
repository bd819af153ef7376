"""A news-feed and wire-copy monitor for newsrooms: this file names its version, and does nothing else."""

__version__ = "0.1.0"
