"""What the shop does: it lists products, takes orders, and reports what was sold."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import cast

from ellar.di import injectable
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session, selectinload

from ellar_db import Databases
from shop.models.main import Order, OrderLine, Product, State, User
from shop.models.reports import DailySales
from shop.models.tenants import Stock


class OrderError(Exception):
    """An order that can't be taken, with the reason as its message."""


class _Engines:
    """The engines of the databases by name, of which one is sync and another async."""

    def __init__(self, databases: Databases) -> None:
        self.shop = cast("Engine", databases["default"].engine)
        self.reports = cast("AsyncEngine", databases["reports"].engine)
        self._databases = databases

    def tenant(self, name: str) -> Engine:
        """Return the engine of a tenant's database."""
        return cast("Engine", self._databases[name].engine)


@injectable
class Catalog:
    """The products."""

    def __init__(self, databases: Databases) -> None:
        self._engines = _Engines(databases)

    def products(self) -> Sequence[Product]:
        """Return all products, by their SKU."""
        with Session(self._engines.shop) as session:
            return session.scalars(select(Product).order_by(Product.sku)).all()


@injectable
class Orders:
    """The orders."""

    def __init__(self, databases: Databases) -> None:
        self._engines = _Engines(databases)

    def all(self) -> Sequence[Order]:
        """Return all orders with their users and lines, the newest first."""
        wanted = select(Order).order_by(Order.id.desc())
        with Session(self._engines.shop) as session:
            loading = selectinload(Order.lines).selectinload(OrderLine.product)
            return session.scalars(wanted.options(selectinload(Order.user), loading)).all()

    def place(self, email: str, full_name: str, sku: str, quantity: int) -> int:
        """Take an order of one product, and what it needs from its tenant's stock.

        Returns:
            The id of the order.

        Raises:
            OrderError: There is no such product, or not enough of it.
        """
        with Session(self._engines.shop, expire_on_commit=False) as session, session.begin():
            product = session.scalar(select(Product).where(Product.sku == sku))
            if product is None:
                raise OrderError(f"there is no product {sku}")
            user = session.scalar(select(User).where(User.email == email))
            order = Order(
                user=user or User(email=email, full_name=full_name),
                state=State.NEW,
                total=product.price * quantity,
                lines=[OrderLine(product=product, quantity=quantity, price=product.price)],
            )
            session.add(order)
            session.flush()
            # last, so that what is taken is taken for an order that could be written
            self._take(product, quantity)
        return order.id

    def _take(self, product: Product, quantity: int) -> None:
        with Session(self._engines.tenant(product.tenant)) as session, session.begin():
            there = session.scalar(select(Stock).where(Stock.sku == product.sku).with_for_update())
            if there is None or there.quantity < quantity:
                raise OrderError(f"{0 if there is None else there.quantity} of {product.sku} are in stock")
            there.quantity -= quantity


@injectable
class Reports:
    """What was sold, in a database of its own that is asked asynchronously."""

    def __init__(self, databases: Databases) -> None:
        self._engines = _Engines(databases)

    async def sales(self) -> Sequence[DailySales]:
        """Return what was sold on each day."""
        async with AsyncSession(self._engines.reports) as session:
            return (await session.scalars(select(DailySales).order_by(DailySales.day, DailySales.sku))).all()

    async def refresh(self) -> None:
        """Write the report anew, from the orders."""
        rows = await asyncio.to_thread(self._sums)
        async with AsyncSession(self._engines.reports) as session, session.begin():
            await session.execute(delete(DailySales))
            session.add_all(rows)

    def _sums(self) -> list[DailySales]:
        day = func.date(Order.placed_at)
        sums = (
            select(day, Product.sku, Product.currency, func.sum(OrderLine.quantity), func.sum(Order.total))
            .select_from(Order)
            .join(Order.lines)
            .join(OrderLine.product)
            .group_by(day, Product.sku, Product.currency)
        )
        with Session(self._engines.shop) as session:
            return [
                # SQLite's function gives a text
                DailySales(
                    day=date.fromisoformat(str(on)), sku=sku, currency=currency, quantity=quantity, amount=amount
                )
                for on, sku, currency, quantity, amount in session.execute(sums)
            ]
