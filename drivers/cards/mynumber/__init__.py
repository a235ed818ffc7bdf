"""The My Number card's public-key application (公的個人認証, JPKI)."""
