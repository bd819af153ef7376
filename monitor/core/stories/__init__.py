"""Which articles are the same: identity now, near-duplicates and threads later. Decides; touches nothing."""
