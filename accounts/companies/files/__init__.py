"""The registers of companies and orderers as files: reading CSV, showing what would change, importing, exporting.

The verbs of single companies and orderers are in ``accounts.companies``; everything here ends there.
"""
