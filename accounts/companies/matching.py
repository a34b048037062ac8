"""Which company an account belongs to."""

from __future__ import annotations

from accounts.directory import Account
from accounts.models import Company, DirectoryKey
from accounts.models.companies import keys_of_account


class CompanyMatcher:
    """Matches accounts to companies. Reads all companies when it is made: a snapshot."""

    def __init__(self) -> None:
        self._companies = {company.pk: company for company in Company.objects.all()}
        # A company that was added since has keys here, and is none of those that were read.
        keys = DirectoryKey.objects.values_list("key", "company_id")
        self._keys = {key: company_id for key, company_id in keys if company_id in self._companies}
        self._units = any(key.startswith("unit ") for key in self._keys)

    def company_of(self, account: Account) -> Company | None:
        """The company, active or not. The account's unit is more exact than its company attribute."""
        for key in keys_of_account(account.unit if self._units else "", account.company):
            if found := self._keys.get(key):
                return self._companies[found]
        return None
