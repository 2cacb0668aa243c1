"""Domain-free ground under every function. A closed list: config, db, errors, http, log."""
