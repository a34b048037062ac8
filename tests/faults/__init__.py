"""What the portal does while its services break: issue 12. ``make faults``; docs/faults.md has the last table.

An installation as in production, on loopback: the shipped units behind the shipped nginx, two directory servers,
PostgreSQL with a standby, Redis with a replica and Sentinel, two SMS gateways, a mail relay and a mailbox. While people
register and reset, while the daily mail is made and mail to the helpdesk comes in, one thing breaks after the other.
"""
