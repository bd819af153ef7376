"""Who runs ingest and deliver, and when: one process here; more machines are another engine over the same store."""
