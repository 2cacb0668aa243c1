"""The import's own room: a creditor's file becomes staged rows. Rules about debts live in SQL.

uploads     the request's file, within its limits
dialects    which encoding, delimiter and header row the file has
headers     which column is which
reading     blocks of raw cells, memory flat whatever the file's size
cells       one expression per kind of cell: documents, phones, dates, money
checking    raw cells to staged rows, each accepted or with its one reason
staging     rows to Postgres and the merge, in the caller's own transaction
"""
