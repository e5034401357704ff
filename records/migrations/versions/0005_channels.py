"""Channels: providers, receipts, template approvals, subscriptions, canaries, alarms, identities."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op
import records.times


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "callback_answers",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("said_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", records.times.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_answers")),
    )
    with op.batch_alter_table("callback_answers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_callback_answers_answered_at"), ["answered_at"], unique=False
        )

    op.create_table(
        "canaries",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sent_at", records.times.Instant(timezone=True), nullable=False),
        sa.Column("result", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("provider_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("arrived_at", records.times.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canaries")),
        sa.UniqueConstraint("provider", "day", name=op.f("uq_canaries_provider_day")),
    )
    with op.batch_alter_table("canaries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_canaries_provider_id"), ["provider_id"], unique=False)

    op.create_table(
        "delivery_receipts",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("provider_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("happened_at", records.times.Instant(timezone=True), nullable=True),
        sa.Column("received_at", records.times.Instant(timezone=True), nullable=False),
        sa.Column("attempt_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_receipts")),
        sa.UniqueConstraint(
            "provider",
            "provider_id",
            "delivered",
            "code",
            name=op.f("uq_delivery_receipts_provider_provider_id_delivered_code"),
        ),
    )
    with op.batch_alter_table("delivery_receipts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_delivery_receipts_attempt_id"), ["attempt_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_delivery_receipts_provider_id"), ["provider_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_delivery_receipts_received_at"), ["received_at"], unique=False
        )

    op.create_table(
        "operator_alarms",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("open_key", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("opened_at", records.times.Instant(timezone=True), nullable=False),
        sa.Column("last_at", records.times.Instant(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("closed_at", records.times.Instant(timezone=True), nullable=True),
        sa.Column("closed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("acknowledged_at", records.times.Instant(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_alarms")),
        sa.UniqueConstraint("open_key", name=op.f("uq_operator_alarms_open_key")),
    )
    with op.batch_alter_table("operator_alarms", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_operator_alarms_kind"), ["kind"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_operator_alarms_opened_at"), ["opened_at"], unique=False
        )

    op.create_table(
        "provider_states",
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("refilled_at", records.times.Instant(timezone=True), nullable=True),
        sa.Column("bulk_until", records.times.Instant(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("opened_at", records.times.Instant(timezone=True), nullable=True),
        sa.Column("open_until", records.times.Instant(timezone=True), nullable=True),
        sa.Column("probe_until", records.times.Instant(timezone=True), nullable=True),
        sa.Column("last_accepted_at", records.times.Instant(timezone=True), nullable=True),
        sa.Column("last_receipt_at", records.times.Instant(timezone=True), nullable=True),
        sa.Column("last_inbound_at", records.times.Instant(timezone=True), nullable=True),
        sa.Column("last_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("last_code_at", records.times.Instant(timezone=True), nullable=True),
        sa.Column("trouble", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("trouble_since", records.times.Instant(timezone=True), nullable=True),
        sa.Column("balance", sa.Float(), nullable=True),
        sa.Column("balance_unit", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("balance_at", records.times.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_provider_states")),
    )
    op.create_table(
        "template_approvals",
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("template_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("checked_at", records.times.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "name", name=op.f("pk_template_approvals")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("contact_point_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("template_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.Column("changed_at", records.times.Instant(timezone=True), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_point_id"],
            ["contact_points.id"],
            name=op.f("fk_subscriptions_contact_point_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint(
            "contact_point_id",
            "template_id",
            name=op.f("uq_subscriptions_contact_point_id_template_id"),
        ),
    )
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_subscriptions_contact_point_id"), ["contact_point_id"], unique=False
        )

    op.create_table(
        "external_identities",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("practitioner_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("subject_index", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("bound_at", records.times.Instant(timezone=True), nullable=False),
        sa.Column("ended_at", records.times.Instant(timezone=True), nullable=True),
        sa.Column("bound_key", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["practitioner_id"],
            ["practitioners.id"],
            name=op.f("fk_external_identities_practitioner_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_identities")),
        sa.UniqueConstraint("bound_key", name=op.f("uq_external_identities_bound_key")),
    )
    with op.batch_alter_table("external_identities", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_external_identities_practitioner_id"), ["practitioner_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_external_identities_subject_index"), ["subject_index"], unique=False
        )

    op.create_table(
        "identity_codes",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("practitioner_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("code_index", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("issued_at", records.times.Instant(timezone=True), nullable=False),
        sa.Column("expires_at", records.times.Instant(timezone=True), nullable=False),
        sa.Column("used_at", records.times.Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["practitioner_id"],
            ["practitioners.id"],
            name=op.f("fk_identity_codes_practitioner_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_codes")),
        sa.UniqueConstraint("code_index", name=op.f("uq_identity_codes_code_index")),
    )
    with op.batch_alter_table("identity_codes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_identity_codes_practitioner_id"), ["practitioner_id"], unique=False
        )

    op.create_table(
        "identity_visits",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state_index", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("browser_index", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("back", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("begun_at", records.times.Instant(timezone=True), nullable=False),
        sa.Column("expires_at", records.times.Instant(timezone=True), nullable=False),
        sa.Column("returned_at", records.times.Instant(timezone=True), nullable=True),
        sa.Column("ended_at", records.times.Instant(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("subject_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("subject_index", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("claimed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_visits")),
        sa.UniqueConstraint("state_index", name=op.f("uq_identity_visits_state_index")),
        sa.UniqueConstraint("browser_index", name=op.f("uq_identity_visits_browser_index")),
    )
    with op.batch_alter_table("identity_visits", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_identity_visits_expires_at"), ["expires_at"], unique=False
        )

    op.create_table(
        "trusted_devices",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("practitioner_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("token_index", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("former_index", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("trusted_at", records.times.Instant(timezone=True), nullable=False),
        sa.Column("used_at", records.times.Instant(timezone=True), nullable=False),
        sa.Column("expires_at", records.times.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["practitioner_id"],
            ["practitioners.id"],
            name=op.f("fk_trusted_devices_practitioner_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_devices")),
        sa.UniqueConstraint("token_index", name=op.f("uq_trusted_devices_token_index")),
    )
    with op.batch_alter_table("trusted_devices", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_trusted_devices_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_trusted_devices_former_index"), ["former_index"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_trusted_devices_practitioner_id"), ["practitioner_id"], unique=False
        )

    with op.batch_alter_table("delivery_attempts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
        )
        batch_op.add_column(
            sa.Column("contact_point_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
        )
        batch_op.add_column(sa.Column("segments", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("template", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
        )
        batch_op.create_index(
            "ix_delivery_attempts_provider", ["provider", "began_at"], unique=False
        )
    with op.batch_alter_table("contact_points", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("brief_until", records.times.Instant(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("brief_left", sa.Integer(), server_default="0", nullable=False)
        )
    with op.batch_alter_table("notice_addresses", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("address_index", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
        )
        batch_op.create_index(
            batch_op.f("ix_notice_addresses_address_index"), ["address_index"], unique=False
        )
    op.add_column(
        "person_contacts",
        sa.Column("basis", sqlmodel.sql.sqltypes.AutoString(), server_default="", nullable=False),
    )
    op.create_index(
        "ix_outbound_messages_turn",
        "outbound_messages",
        ["state", "priority", "created_at", "id", "next_attempt_at"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_outbound_messages_turn", table_name="outbound_messages")
    op.drop_column("person_contacts", "basis")
    with op.batch_alter_table("notice_addresses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notice_addresses_address_index"))
        batch_op.drop_column("address_index")

    # Not in a batch, which on SQLite drops the table that others' rows name.
    op.drop_column("contact_points", "brief_left")
    op.drop_column("contact_points", "brief_until")

    with op.batch_alter_table("delivery_attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_attempts_provider")
        batch_op.drop_column("template")
        batch_op.drop_column("segments")
        batch_op.drop_column("contact_point_id")
        batch_op.drop_column("provider")

    with op.batch_alter_table("trusted_devices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trusted_devices_practitioner_id"))
        batch_op.drop_index(batch_op.f("ix_trusted_devices_former_index"))
        batch_op.drop_index(batch_op.f("ix_trusted_devices_expires_at"))

    op.drop_table("trusted_devices")
    with op.batch_alter_table("identity_visits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_identity_visits_expires_at"))

    op.drop_table("identity_visits")
    with op.batch_alter_table("identity_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_identity_codes_practitioner_id"))

    op.drop_table("identity_codes")
    with op.batch_alter_table("external_identities", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_external_identities_subject_index"))
        batch_op.drop_index(batch_op.f("ix_external_identities_practitioner_id"))

    op.drop_table("external_identities")
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscriptions_contact_point_id"))

    op.drop_table("subscriptions")
    op.drop_table("template_approvals")
    op.drop_table("provider_states")
    with op.batch_alter_table("operator_alarms", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_operator_alarms_opened_at"))
        batch_op.drop_index(batch_op.f("ix_operator_alarms_kind"))

    op.drop_table("operator_alarms")
    with op.batch_alter_table("delivery_receipts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_receipts_received_at"))
        batch_op.drop_index(batch_op.f("ix_delivery_receipts_provider_id"))
        batch_op.drop_index(batch_op.f("ix_delivery_receipts_attempt_id"))

    op.drop_table("delivery_receipts")
    with op.batch_alter_table("canaries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_canaries_provider_id"))

    op.drop_table("canaries")
    with op.batch_alter_table("callback_answers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_callback_answers_answered_at"))

    op.drop_table("callback_answers")
