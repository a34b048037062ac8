"""The pages in a real browser, Debian's Chromium, as a person meets them."""
