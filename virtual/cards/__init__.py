"""Cards that speak APDUs to a real pcscd through vsmartcard's virtual reader."""
