"""What an operator is told of the accounts: system checks and figures."""
