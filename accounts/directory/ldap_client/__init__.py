"""Connections to LDAP servers, what they ask and what they answer."""
