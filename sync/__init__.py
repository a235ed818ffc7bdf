"""The network: pushing the outbox, pulling reference data, and the wire models both ends share."""
