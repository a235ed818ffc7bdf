"""The city that never was: virtual twins of everything around the product, for `make run` and the tests."""
