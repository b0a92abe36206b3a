"""The branch on the wire: FastAPI over the calls of protocol.md."""
