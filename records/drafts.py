"""What a practitioner had typed when the session ended: sealed, bound to them and to the page.

A draft is given back on its page until a form with the same fields is posted from there, or until
it is too old to be wanted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from records.db import changed
from records.identity import new_id
from records.tables import KeptDraft
from records.vault import Vault, VaultError

PLACE = "kept_drafts.fields"
LIVES = timedelta(hours=12)

Pairs = tuple[tuple[str, str], ...]


def keep(
    session: Session,
    vault: Vault,
    practitioner_id: str,
    path: str,
    pairs: Pairs,
    now: datetime,
) -> str:
    """Keep what was typed on a page; a newer draft of the same page takes the older one's place."""
    session.execute(
        delete(KeptDraft)
        .where(col(KeptDraft.practitioner_id) == practitioner_id)
        .where(col(KeptDraft.path) == path)
    )
    row = KeptDraft(id=new_id(), practitioner_id=practitioner_id, path=path, kept_at=now)
    row.fields_sealed = vault.seal(json.dumps(pairs, ensure_ascii=False), PLACE, row.id)
    session.add(row)
    session.flush()
    return row.id


def find(session: Session, vault: Vault, practitioner_id: str, path: str, now: datetime) -> Pairs:
    """What this practitioner had typed on this page; empty when there is nothing."""
    row = session.exec(
        select(KeptDraft)
        .where(KeptDraft.practitioner_id == practitioner_id)
        .where(KeptDraft.path == path)
        .where(col(KeptDraft.kept_at) > now - LIVES)
    ).first()
    if row is None:
        return ()
    try:
        pairs = json.loads(vault.open(row.fields_sealed, PLACE, row.id))
    except VaultError:
        return ()
    return tuple((name, value) for name, value in pairs)


def drop(
    session: Session,
    vault: Vault,
    practitioner_id: str,
    path: str,
    names: Iterable[str],
    now: datetime,
) -> bool:
    """Forget a draft once a form with one of its fields was posted. A mere button leaves it."""
    pairs = find(session, vault, practitioner_id, path, now)
    if not {name for name, _ in pairs} & set(names):
        return False
    statement = (
        delete(KeptDraft)
        .where(col(KeptDraft.practitioner_id) == practitioner_id)
        .where(col(KeptDraft.path) == path)
    )
    return changed(session, statement) > 0


def sweep(session: Session, now: datetime) -> int:
    """Forget drafts that nobody came back for."""
    return changed(session, delete(KeptDraft).where(col(KeptDraft.kept_at) <= now - LIVES))
