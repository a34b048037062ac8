"""The pages in a real browser, Debian's Chromium, as people use them."""
