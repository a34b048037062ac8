"""What every page has: middleware, host names, health, static files and the municipality's look."""
