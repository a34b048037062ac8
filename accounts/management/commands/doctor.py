from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from accounts import doctor


class Command(BaseCommand):
    help = "Examines every part that the portal needs. Exit code 1 if something must be fixed."
    requires_system_checks = []  # it reports them itself

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line a finding."""
        findings = list(doctor.examine())
        marks = {True: "ok  ", False: "FAIL", None: "note"}
        for finding in findings:
            self.stdout.write(f"{marks[finding.good]}  {finding.part}: {finding.words}")
        if any(finding.good is False for finding in findings):
            sys.exit(1)
