"""Applying what devices send: outcomes, cases, leases."""
