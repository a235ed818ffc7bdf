"""Presence: a card opens today's booking."""
