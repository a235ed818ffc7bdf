"""Hardware behind the ports of `kiosk.ports`."""
