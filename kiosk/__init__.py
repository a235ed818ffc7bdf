"""The domain: what people may do here, and what is true afterwards. No I/O outside `kiosk.store`."""
