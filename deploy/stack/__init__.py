"""The portal as in production, on one machine, for whoever works on it: ``python -m deploy.stack``, or `make stack`.

PostgreSQL, Redis, web, the two workers and beat are processes of their own, run by supervisor as systemd runs them in
production; a private OpenLDAP with the sample people and an SMTP server that keeps what it is given stand in for the
municipality's. All of it listens on loopback alone, with passwords, and keeps its data in one folder.
"""
