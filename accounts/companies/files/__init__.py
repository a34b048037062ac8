"""The registers of companies and orderers as files: reading CSV, showing what would change, importing, exporting.

Everything here ends in the verbs of ``accounts.companies``, for one company or orderer.
"""
