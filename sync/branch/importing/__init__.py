"""What the core system exports, taken in: overdue lists, payments, positions.

A file becomes a sheet (`sheet`), a sheet's rows become typed rows or problems (`styles`, `rows`), and rows become
documents and feeds in one transaction (`overdue`, `payments`, `places`). Expected faults of the data are returned
as values, named by line, column, value and reason; only a file that is not a list at all is an error.
"""
