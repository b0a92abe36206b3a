"""Positions the branch knows, taken in: they stay with the contract whatever later lists say.

A position for a contract no list has brought yet is kept and used when one does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import delete, insert

from app.domain.message import Message
from sync.branch import tables as t
from sync.branch.importing import styles
from sync.branch.importing.book import Book
from sync.branch.importing.cells import Cells
from sync.branch.importing.columns import PLACES
from sync.branch.importing.documents import Document, Spot, placed
from sync.branch.importing.listing import seconds_of, still_second
from sync.branch.importing.log import keep_log
from sync.branch.importing.rejected import write_rejected
from sync.branch.importing.report import Problem, Report
from sync.branch.importing.sheet import Row, read_sheet
from sync.branch.office import Office

# The borrowers live in China; what lies outside its box is a slip, most often the two swapped.
LATITUDES: Final = (3.0, 54.0)
LONGITUDES: Final = (73.0, 136.0)


def import_places(office: Office, path: Path, *, mapping: Path | None = None) -> Report:
    """Import positions (WGS-84 degrees) for the borrowers' places of business.

    Raises NotAList, BadMapping; nothing is changed then.
    """
    sheet = read_sheet(path, PLACES.with_mapping(mapping))
    report = Report(warnings=sheet.warnings())
    with office.changing() as changes:
        book = Book(changes)
        known = book.spots()
        found: dict[str, Spot] = {}
        seconds = seconds_of(sheet)
        for row in sheet.rows:
            read = _read(row, found)
            if isinstance(read, list):
                report.rejected += read
                continue
            contract, spot = read
            if row.line in seconds and contract in known:
                report.rejected.append(still_second(row.line, contract))
                continue
            found[contract] = spot
            report.taken += known.get(contract) != spot
            report.unchanged += known.get(contract) == spot
        new = {contract: spot for contract, spot in found.items() if known.get(contract) != spot}
        _keep(book, new)
        book.write(_cases(book, new), {})
        if waiting := len([contract for contract in new if contract not in book.held]):
            report.warnings.append(
                Message("{count} contracts are on no list yet; their positions are kept.", {"count": waiting})
            )
        keep_log(changes.conn, "places", path, sheet, office.now_ms(), report, None)
    write_rejected(path, sheet, report)
    return report


def _read(row: Row, found: dict[str, Spot]) -> tuple[str, Spot] | list[Problem]:
    if row.broken is not None:
        return [Problem(row.line, "", "", row.broken)]
    cells = Cells(row)
    contract = cells.must("合同编号", styles.number)
    lat = cells.must("纬度", styles.coordinate)
    lon = cells.must("经度", styles.coordinate)
    source = cells.may("来源", styles.words) or ""
    if lat is not None and lon is not None:
        _check(cells, lat, lon)
    if contract in found:
        cells.wrong("合同编号", Message("The file has this contract twice; the first row stands."))
    if contract is None or lat is None or lon is None:
        return cells.problems
    return cells.problems or (contract, Spot(lat, lon, source[: styles.SHORT_MAX]))


def _check(cells: Cells, lat: float, lon: float) -> None:
    if _within(lon, LATITUDES) and _within(lat, LONGITUDES):
        cells.wrong("纬度", Message("Latitude and longitude are swapped."))
        return
    if not _within(lat, LATITUDES):
        cells.wrong("纬度", Message("It does not lie in China."))
    if not _within(lon, LONGITUDES):
        cells.wrong("经度", Message("It does not lie in China."))


def _within(degrees: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= degrees <= limits[1]


def _keep(book: Book, spots: dict[str, Spot]) -> None:
    place = t.place
    for contract, spot in spots.items():
        held = book.held.get(contract)
        book.changes.conn.execute(delete(place).where(place.c.contract_no == contract))
        book.changes.conn.execute(
            insert(place).values(
                contract_no=contract,
                case_id=held.case_id if held else None,
                lat=spot.lat,
                lon=spot.lon,
                source=spot.source,
            )
        )


def _cases(book: Book, spots: dict[str, Spot]) -> dict[str, Document]:
    ids = {book.held[contract].case_id: spot for contract, spot in spots.items() if contract in book.held}
    return {
        case_id: document
        | {
            "borrower": document["borrower"]
            | {"addresses": placed(document["borrower"]["addresses"], ids[case_id])}
        }
        for case_id, document in book.documents("case", ids).items()
    }
