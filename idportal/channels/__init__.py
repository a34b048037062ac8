"""Talking to SMS gateways, mail servers and mailboxes, and the words that are sent."""
