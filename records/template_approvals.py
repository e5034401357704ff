"""What providers last said of our templates."""

from __future__ import annotations

from sqlmodel import Session, select

from records.tables import TemplateApproval


def states(session: Session) -> dict[tuple[str, str], str]:
    """By kind of provider ("aliyun") and our name of the template: where its approval stands."""
    rows = session.exec(select(TemplateApproval)).all()
    return {(row.provider.partition(":")[0], row.name): row.state for row in rows}
