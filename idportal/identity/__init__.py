"""How the portal shows whose it is: by settings, without code (docs/configuration.md)."""
