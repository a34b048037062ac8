"""The real servers that the suite starts, each alone in a folder of its own on loopback."""
