"""Which device is which: one-time codes, keys and their lives, numbers used once."""
