"""What comes from outside: YAML with its places, specs, quantities, users' code; and how errors in it are told."""
