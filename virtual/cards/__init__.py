"""Cards that never were, and three ways to lay them before a kiosk: a real pcscd, nfcpy's air, in process."""
