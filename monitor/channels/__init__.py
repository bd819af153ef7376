"""The outside world going out: each module speaks to one kind of receiver, and knows no store."""

from monitor.channels.build import build_channels, check_channel, send_test

__all__ = ["build_channels", "check_channel", "send_test"]
