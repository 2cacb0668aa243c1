"""The platform on one machine: what a hosted project provides, from parts that PyPI and npm carry.

Development and tests only. `functions/` may not import it.
"""
