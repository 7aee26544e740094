"""Configuration, read from the environment only."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEFAULT_DATABASE = Path("var/zaigang.db")


class Settings(BaseSettings):
    """Every setting has the upper-case name of its field as its environment variable."""

    model_config = SettingsConfigDict(env_prefix="", extra="ignore", frozen=True)

    database_url: str = f"sqlite:///{DEFAULT_DATABASE}"
    database_read_url: str | None = None
    """A hot standby that answers stats, ledger and board."""
    database_pool_size: Annotated[int, Field(ge=2, le=64)] = 12
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    public_url: str | None = None
    """Where residents reach the service; printed into the board's QR code."""
    storage_dir: Path = Path("var/files")
    """Leave attachments and drafts; never served as files."""
    close_days_in_server: bool = False
    access_token_seconds: Annotated[int, Field(ge=60, le=3600)] = 600
    refresh_token_days: Annotated[int, Field(ge=1, le=90)] = 30
    activation_days: Annotated[int, Field(ge=1, le=90)] = 14
    password_hashes_in_flight: Annotated[int, Field(ge=1, le=16)] = 2
    max_body_bytes: int = 8 * 1024 * 1024
    rate_limits: bool = True
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses whose X-Forwarded-For is believed; comma separated."""
    webhook_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts besides loopback that webhooks may be sent to; comma separated."""
    deliver_webhooks_in_server: bool = True
    """False where a scheduler runs `deliver-webhooks`."""
    lane_group_size: Annotated[int, Field(ge=0, le=512)] = 64
    """Check-ins that share a transaction, and first screens that share a query, at most; 0 gives each one its own."""
    lane_queue_size: Annotated[int, Field(ge=1)] = 4096

    @field_validator("trusted_proxies", "webhook_hosts", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    return Settings()
