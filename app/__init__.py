"""Waifang, the field notebook of bank loan-recovery officers."""

VERSION = "0.1.0"
