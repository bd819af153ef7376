"""Signals, sd_notify, the watchdog, logs, and reload-or-keep-old around one running engine."""
