"""The touch screen: draws views, sends intents. No rule, no SQL, no HTTP in here."""
