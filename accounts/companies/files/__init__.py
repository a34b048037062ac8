"""The registers of companies and orderers as files."""
