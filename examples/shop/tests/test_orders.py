"""The services, on databases that the migrations made."""

import asyncio
from decimal import Decimal

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session

from ellar_db import Database, Databases
from shop.models.main import Product
from shop.models.tenants import Base, Stock
from shop.services import Catalog, OrderError, Orders, Reports


@pytest.fixture
def databases(ellar_db_migrations, tmp_path):
    ellar_db_migrations.upgrade()
    acme = Database("acme", f"sqlite:///{tmp_path / 'acme.db'}", Base.metadata, group="tenants")
    acme.transaction(Base.metadata.create_all)
    shop, reports = (ellar_db_migrations.databases[name] for name in ("default", "reports"))
    # the scratch database has the sync facade of its engine
    found = Databases([shop, Database("reports", AsyncEngine(reports.engine)), acme])
    with Session(found["default"].engine) as session, session.begin():
        session.add(Product(sku="TEA-01", title="Tea", price=Decimal("4.90"), currency="EUR", tenant="acme"))
    with Session(acme.engine) as session, session.begin():
        session.add(Stock(sku="TEA-01", quantity=5, reorder_at=2))
    yield found
    acme.engine.dispose()


def test_products_are_listed(databases):
    assert [product.title for product in Catalog(databases).products()] == ["Tea"]


def test_an_order_takes_from_the_stock(databases):
    orders = Orders(databases)

    orders.place("ada@example.com", "Ada", "TEA-01", 3)

    [order] = orders.all()
    assert (order.user.full_name, order.total) == ("Ada", Decimal("14.70"))
    with Session(databases["acme"].engine) as session:
        assert session.query(Stock).one().quantity == 2


@pytest.mark.parametrize(("sku", "quantity"), [("TEA-01", 6), ("POT-01", 1)])
def test_an_order_that_cannot_be_filled_leaves_nothing(databases, sku, quantity):
    orders = Orders(databases)

    with pytest.raises(OrderError):
        orders.place("ada@example.com", "Ada", sku, quantity)

    assert orders.all() == []


def test_sales_are_reported(databases):
    Orders(databases).place("ada@example.com", "Ada", "TEA-01", 3)

    async def report():
        reports = Reports(databases)
        await reports.refresh()
        return await reports.sales()

    [sold] = asyncio.run(report())
    assert (sold.sku, sold.quantity, sold.amount) == ("TEA-01", 3, Decimal("14.70"))
