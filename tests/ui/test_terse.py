from flet.messaging.protocol import Message, MessageAction

from app.ui.terse import keep_messages_terse


class Book:
    """What hangs on a control: nobody may write it out."""

    def __repr__(self) -> str:
        raise AssertionError("the borrowers' data was written out")


def test_a_message_for_the_page_is_logged_without_its_contents() -> None:
    keep_messages_terse()
    message = Message(MessageAction.PATCH_CONTROL, {"book": Book()})
    assert f"send_message: {message}" == f"send_message: Message({MessageAction.PATCH_CONTROL})"
