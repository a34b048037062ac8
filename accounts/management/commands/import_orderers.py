from accounts.companies.files.registers import OrdererRegister
from accounts.management.commands import import_companies


class Command(import_companies.Command):
    help = (
        "Creates and updates authorised orderers from a CSV file, known by e-mail address; several lines with one "
        "address add companies. All lines or none."
    )
    register = OrdererRegister
