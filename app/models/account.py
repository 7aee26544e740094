"""Who may sign in, and with what."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.mixins import Identified


class Account(Identified, Base):
    """A person's or a dashboard's account. A dashboard signs in as a client: its login is the client id."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint(
            "role IN ('cadre', 'township_officer', 'county_officer', 'city_officer', 'unit_officer',"
            " 'dashboard', 'admin')",
            name="role",
        ),
        CheckConstraint("role <> 'cadre' OR cadre_id IS NOT NULL", name="cadre"),
        CheckConstraint("role <> 'unit_officer' OR unit_id IS NOT NULL", name="unit"),
    )

    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(50))
    role: Mapped[str] = mapped_column(String(20))
    area_code: Mapped[str | None] = mapped_column(ForeignKey("areas.code"))
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("dispatch_units.id"))
    cadre_id: Mapped[UUID | None] = mapped_column(ForeignKey("cadres.id"), unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None] = mapped_column(Text)
    activation_hash: Mapped[str | None] = mapped_column(Text)
    activation_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RefreshToken(Base):
    """One use each; using one twice ends its family, because one of the two users stole it."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    family_id: Mapped[UUID] = mapped_column(index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginFailure(Base):
    """Failures in a row for one login from one address: a stranger can't lock an account everywhere."""

    __tablename__ = "login_failures"

    login: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of what was typed, which may have been a password."""
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)


class SigningKey(Base):
    """ES256 keys of the access tokens. A retired key still verifies until its tokens have run out."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(String(32), primary_key=True)
    private_pem: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
