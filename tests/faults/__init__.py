"""Bad luck on purpose. Each module is one command that prints its figures; README.md lists them."""
