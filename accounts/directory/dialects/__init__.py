"""The two kinds of directory: Active Directory and OpenLDAP."""
