"""What the portal runs with: units, a site, an environment, lists of packages; and demo and stack (local)."""
