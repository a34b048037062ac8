"""`make attack`: the stories of attackers and their tools, against a stack on this machine. All stays on loopback."""
