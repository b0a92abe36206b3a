"""Keeps Flet from writing every message out in full for a log nobody reads.

Flet 1.0.5 makes the debug line of a message before it asks whether debug lines are wanted: the text of every
control and of all that hangs on it, which here is the book. With 300 cases that was most of a tap's time (the list
of customers in 26 s instead of 1 on a busy machine), and borrowers' names would stand in the log if one turned it on.
"""

from __future__ import annotations

from flet.messaging.protocol import Message


def keep_messages_terse() -> None:
    """From here on a message says its action and nothing of its contents. Again is fine."""
    Message.__repr__ = _action_alone  # type: ignore[method-assign,assignment]


def _action_alone(message: Message) -> str:
    return f"Message({message.action})"
