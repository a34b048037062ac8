"""Importing and exporting the registers of companies and orderers as files."""
