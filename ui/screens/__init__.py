"""One screen a view: a `.py` that asks and a `.kv` that shows."""
