"""The database of reports, which has an async engine: what was sold on which day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import MetaData, Numeric, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shop.models.naming import NAMES


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class DailySales(Base):
    __tablename__ = "daily_sales"

    day: Mapped[date] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(20), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3))
    quantity: Mapped[int]
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
