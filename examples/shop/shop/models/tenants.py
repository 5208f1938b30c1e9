"""The database that each tenant has: what is in stock."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shop.models.naming import NAMES


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Stock(Base):
    __tablename__ = "stock"
    __table_args__ = (CheckConstraint("quantity >= 0", name="quantity"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(20), unique=True)
    quantity: Mapped[int]
    reorder_at: Mapped[int]
