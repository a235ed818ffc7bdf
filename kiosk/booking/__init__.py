"""Facilities, rooms, opening calendars, cells, slots and leases."""
