"""What collection is: pure functions of (case, activities, procedure, settings, today).

Frozen dataclasses in, frozen dataclasses out; no Flet, no SQL, no HTTP, and no clock of its own.
"""
