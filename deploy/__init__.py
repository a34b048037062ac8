"""Everything a deployment needs: units, nginx site, environment, package lists; and demo and stack (local)."""
