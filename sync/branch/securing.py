"""`device list|revoke`, `restored` and `verify`: the branch's phones and what their journals prove."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from app.domain.message import Message
from sync.branch.chains import Chain, check_chain, device_ids
from sync.branch.console import JsonFlag, console
from sync.branch.errors import BranchError
from sync.branch.said import moment, records
from sync.branch.switching import Phone, phones, restored, revoke

devices = typer.Typer(no_args_is_help=True, help="设备 · The officers' phones.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(devices, name="device")
    app.command("restored")(tell_restored)
    app.command("verify")(verify)


@devices.command("list")
def device_list(ctx: typer.Context, as_json: JsonFlag = False) -> None:
    """设备名单 · Every device with what it has handed in."""
    run = console(ctx, as_json)
    with run.office() as office:
        found = phones(office)
    run.answer(
        {"devices": [p.to_json() for p in found]},
        *(
            Message(
                "{device} {officer} {name}: {records}, {behind} not handed in{off}",
                {
                    "device": p.device_id,
                    "officer": p.officer_id,
                    "name": p.name or "",
                    "records": records(p.records),
                    "behind": p.behind,
                    "off": _off(p),
                },
            )
            for p in found
        ),
        *([] if found else [Message("No device is bound.")]),
    )


@devices.command("revoke")
def device_revoke(
    ctx: typer.Context,
    device_id: Annotated[str, typer.Argument(metavar="DEVICE_ID")],
    why: Annotated[str, typer.Option("--why", help="理由 · The reason; it is kept.")],
    as_json: JsonFlag = False,
) -> None:
    """停用 · Switch a phone off for good; what it recorded may still come, into quarantine."""
    run = console(ctx, as_json)
    with run.office() as office:
        done = revoke(office, device_id, why)
    run.answer(
        done.to_json(),
        Message(
            "Device {device} is switched off. Until {until} what it recorded may still come, into quarantine.",
            {"device": done.device_id, "until": done.push_until},
        ),
    )


def tell_restored(ctx: typer.Context, as_json: JsonFlag = False) -> None:
    """已恢复备份 · A backup was put back: every phone starts anew and sends again what is missing."""
    run = console(ctx, as_json)
    with run.office() as office:
        epoch = restored(office)
    run.answer(
        {"epoch": epoch},
        Message("Every phone starts anew with its next sync and sends again what this backup lacks."),
    )


def verify(
    ctx: typer.Context,
    device: Annotated[
        str | None, typer.Option("--device", metavar="ID", help="设备 · This one only.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """核验台账 · Check every journal's chain and what was claimed later than it should; exit 1 where one is not sound."""
    run = console(ctx, as_json)
    with run.office() as office, office.reading() as conn:
        known = device_ids(conn)
        if device is not None and device not in known:
            raise BranchError(Message("There is no device {device}. See `device list`.", {"device": device}))
        found = [check_chain(conn, each) for each in ([device] if device is not None else known)]
    sound = all(c.sound for c in found)
    run.answer(
        {"sound": sound, "devices": [c.to_json() for c in found]},
        *(said for c in found for said in _sentences(c)),
        *([] if found else [Message("No device is bound.")]),
    )
    if not sound:
        raise typer.Exit(1)


def _sentences(chain: Chain) -> Iterator[Message]:
    yield Message(
        "{device} {officer}: {records}, {heads}, {state}",
        {
            "device": chain.device_id,
            "officer": chain.officer_id,
            "records": records(chain.records),
            "heads": Message("its head declared {n} times", {"n": len(chain.declared)}),
            "state": Message("sound") if chain.sound else Message("NOT SOUND"),
        },
    )
    if chain.broken is not None:
        yield Message("  The chain breaks at record {n} ({why}).", {"n": chain.broken, "why": chain.why})
    for first, last in chain.lost:
        yield Message("  Records {a} to {b} were declared lost.", {"a": first, "b": last})
    if chain.awaited is not None:
        a, b = chain.awaited
        yield Message("  Records {a} to {b} were declared and have not come yet.", {"a": a, "b": b})
    for claim in chain.to_json()["claims"]:
        yield Message(
            "  Record {n}: {claim}; known at {at}, it says {says}",
            {
                "n": claim["seq"],
                "claim": claim["claim"],
                "at": claim["known_at"],
                "says": claim["says"] or "-",
            },
        )


def _off(phone: Phone) -> Message | str:
    if phone.copy_of is not None:
        return Message(", a copy of {device}", {"device": phone.copy_of})
    return Message(", switched off {on}", {"on": moment(phone.revoked_at)}) if phone.revoked_at else ""
