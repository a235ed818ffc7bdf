"""Staff pages: what happened, what needs a look, how the kiosks are."""
