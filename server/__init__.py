"""The central server: decides every operation on the authoritative records, shows staff what clashed."""
