from __future__ import annotations

from accounts.companies.files.command import ImportCommand
from accounts.companies.files.companies import CompanyRegister


class Command(ImportCommand):
    help = "Creates and updates companies from a CSV file, known by organisation number. All lines or none."
    register = CompanyRegister
