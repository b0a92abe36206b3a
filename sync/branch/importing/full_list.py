"""What a whole day's list says of the cases that are not on it: repaid, or not known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from app.domain.message import Message
from sync.branch.importing.book import Book, Held, standing_changed
from sync.branch.importing.documents import Document, standing_members
from sync.branch.importing.errors import NeedsYes
from sync.branch.importing.listing import Listing


@dataclass(frozen=True, slots=True)
class Judged:
    """The case documents that changed, and how many cases went where."""

    documents: dict[str, Document]
    counts: dict[str, int]


def judge_missing(book: Book, listing: Listing, today: date, *, yes: bool) -> Judged:
    """Open cases that are not on the full list: `watch` where payments explain it, else `off_list`.

    A case some newer list has named is left alone. Raises NeedsYes where more than a third of the open cases
    would go and not `yes`.
    """
    day = listing.data_on or today
    was_open = [held for held in book.before.values() if held.standing.status == "open"]
    gone = [
        held
        for held in book.held.values()
        if held.standing.status == "open"
        and held.contract_no not in listing.contracts
        and held.known_until <= day
    ]
    if len(gone) * 3 > len(was_open) and not yes:
        raise NeedsYes(
            Message(
                "{gone} of {open} open cases are not on this list. If it really is the whole list, "
                "import it again with --yes; nothing was changed.",
                {"gone": str(len(gone)), "open": str(len(was_open))},
            )
        )
    documents = book.documents("case", [held.case_id for held in gone])
    counts = {"watch": 0, "off_list": 0}
    changed: dict[str, Document] = {}
    for held in gone:
        status = "watch" if book.covered(held) else "off_list"
        counts[status] += 1
        now = standing_changed(replace(held, unlisted_on=day), status=status, status_since=day)
        changed[held.case_id] = _stand(book, now, documents[held.case_id])
    return Judged(changed, counts)


def judge_again(book: Book) -> dict[str, Document]:
    """Cases off the list that payments explain by now: repaid since the list they were missing from, or the payment."""
    explained = [h for h in book.held.values() if h.standing.status == "off_list" and book.covered(h)]
    documents = book.documents("case", [held.case_id for held in explained])
    changed: dict[str, Document] = {}
    for held in explained:
        paid = max(p.paid_on for p in book.paid[held.case_id])
        since = max(paid, held.unlisted_on or paid)
        now = standing_changed(held, status="watch", status_since=since)
        changed[held.case_id] = _stand(book, now, documents[held.case_id])
    return changed


def _stand(book: Book, held: Held, document: Document) -> Document:
    book.hold(held)
    return document | standing_members(held.standing)
