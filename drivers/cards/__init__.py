"""IC cards: commands, what may be sent at all, kinds of cards, readers."""
