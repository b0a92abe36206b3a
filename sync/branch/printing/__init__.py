"""Papers of the branch: notices ready for signing, and the file of a case for the lawyer."""
