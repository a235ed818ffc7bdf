"""Recorded conversations of released protocol versions. A released one is never recorded again."""
