"""Patrons, their cards, and who may act."""
