"""The municipality's look and name, from settings alone (docs/configuration.md)."""
