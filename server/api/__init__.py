"""The HTTP interface of devices: version 1 of `sync.protocol`."""
