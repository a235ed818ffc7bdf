"""Items, loans and the circulation rules."""
