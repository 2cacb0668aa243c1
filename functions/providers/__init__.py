"""One adapter per company: each translates, and neither stores nor decides."""
