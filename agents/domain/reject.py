"""Why a record is not counted: a closed list of reasons, each with a detail that a person can act on."""

from typing import Final

from msgspec import Struct

from schemas.dead_letter import Reason

DETAIL_CHARS: Final = 200


class Rejected(Struct, frozen=True):
    """A record that goes to the dead letters. The first reason that holds, from the top, is the one given.

    ::

        Rejected
        ├── the operator named it     quarantined
        ├── the value cannot be read
        │   ├── not a gift event's    null_value · too_large · confluent_framing
        │   └── not JSON              not_json
        ├── the event is wrong
        │   ├── its shape             missing_field · bad_type
        │   └── its content           out_of_range · bad_id
        ├── the record is misplaced   bad_key · key_mismatch · wrong_partition
        └── the time is wrong         bad_time · too_old

    `detail` says what was found, what is allowed and what to do, in at most 200 characters. It names the
    field by its JSON path and never quotes the payload.
    """

    reason: Reason
    detail: str


def rejected(reason: Reason, found: str, allowed: str, remedy: str) -> Rejected:
    """Return the rejection whose detail reads "found; allowed: ...; remedy", cut to 200 characters."""
    return Rejected(reason, f"{found}; allowed: {allowed}; {remedy}"[:DETAIL_CHARS])
