"""Reader adapters: each implements `kiosk.ports.CardReader`."""
