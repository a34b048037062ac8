from __future__ import annotations

from accounts.companies.files.command import ImportCommand
from accounts.companies.files.orderers import OrdererRegister


class Command(ImportCommand):
    help = (
        "Creates and updates authorised orderers from a CSV file, known by e-mail address; several lines with one "
        "address add companies. All lines or none."
    )
    register = OrdererRegister
