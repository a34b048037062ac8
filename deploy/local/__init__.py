"""The portal on one machine, to try it or develop it: ``python -m deploy.local demo`` and ``… stack``.

The demo keeps its data in SQLite. The stack has PostgreSQL, Redis, Celery and an SMTP server, as in production.
Both have an OpenLDAP with the sample people, a Dovecot with the helpdesk's mailbox, and the page /demo/.
supervisor runs the processes, as systemd does in production. All of it listens on loopback alone.
"""
