"""`ellar db seed`: products, and what the tenants have of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from ellar_db import alembic_config, hookimpl

if TYPE_CHECKING:
    from sqlalchemy import Connection

PRODUCTS = [
    ("TEA-01", "Green tea, 100 g", Decimal("4.90")),
    ("TEA-02", "Black tea, 100 g", Decimal("3.90")),
    ("MUG-01", "A mug", Decimal("9.50")),
    ("POT-01", "A teapot", Decimal("29.00")),
    ("TIN-01", "A tin", Decimal("6.00")),
]
IN_STOCK = 20


@click.command(short_help="Add products to sell, for a first look.")
def seed() -> None:
    """Add products to sell, and stock of them, for a first look. What is there stays as it is."""
    from shop.db.tenants import GROUP

    # limits: it writes to databases, and so isn't run where a plugin is missing that may forbid it
    with alembic_config(limits={}) as config:
        databases = config.attributes["databases"]
        tenants = [database.name for database in databases.values() if database.group == GROUP]
        owners = {sku: tenants[number % len(tenants)] for number, (sku, _, _) in enumerate(PRODUCTS)} if tenants else {}
        added = databases["default"].transaction(lambda connection: _add_products(connection, owners))
        for tenant in tenants:
            own = [sku for sku, owner in owners.items() if owner == tenant]
            databases[tenant].transaction(lambda connection, own=own: _add_stock(connection, own))
    click.echo(f"{added} products added, sold by {len(set(owners.values()))} tenants.")


def _add_products(connection: Connection, owners: Mapping[str, str]) -> int:
    from sqlalchemy import insert, select

    from shop.models.main import Product

    there = set(connection.scalars(select(Product.sku)))
    rows = [
        {"sku": sku, "title": title, "price": price, "currency": "EUR", "tenant": owners[sku]}
        for sku, title, price in PRODUCTS
        if sku in owners and sku not in there
    ]
    if rows:
        connection.execute(insert(Product), rows)
    return len(rows)


def _add_stock(connection: Connection, skus: list[str]) -> None:
    from sqlalchemy import insert, select

    from shop.models.tenants import Stock

    there = set(connection.scalars(select(Stock.sku)))
    rows = [{"sku": sku, "quantity": IN_STOCK, "reorder_at": 5} for sku in skus if sku not in there]
    if rows:
        connection.execute(insert(Stock), rows)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Register the command."""
    yield seed
