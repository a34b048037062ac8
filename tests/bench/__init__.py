"""What the portal costs: a reset under load with the production commands, the daily mail, and the pages of the staff.

`make bench` runs all of it, `make bench-quick` compares the working tree with a commit; docs/performance.md says how to
read what they print.
"""
