"""Measurements against a baseline taken in the same run. Nothing here passes or fails."""
