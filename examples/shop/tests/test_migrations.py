"""Whether rows come through the revisions as they should; the ready-made tests look at the schema."""

from decimal import Decimal

from sqlalchemy import text

ROWS = [
    "INSERT INTO users (id, email, full_name) VALUES (1, 'ada@example.com', 'Ada')",
    "INSERT INTO products (id, sku, title, price, currency, tenant) VALUES (1, 'TEA-01', 'Tea', 4.90, 'EUR', 'acme')",
    "INSERT INTO orders (id, user_id, state, total) VALUES (1, 1, 'paid', 0), (2, 1, 'new', 0)",
    "INSERT INTO order_lines (order_id, product_id, quantity, price) VALUES (1, 1, 3, 4.90)",
]


def test_totals_are_the_sums_of_the_lines(ellar_db_migrations):
    shop = ellar_db_migrations.databases["default"]
    ellar_db_migrations.upgrade("shop_11")
    for row in ROWS:
        shop.transaction(lambda connection, row=row: connection.execute(text(row)))

    ellar_db_migrations.upgrade("shop_12")

    totals = shop.transaction(
        lambda connection: connection.execute(text("SELECT total FROM orders ORDER BY id")).scalars().all()
    )
    assert [Decimal(str(total)) for total in totals] == [Decimal("14.7"), 0]


def test_names_are_kept(ellar_db_migrations):
    shop = ellar_db_migrations.databases["default"]
    ellar_db_migrations.upgrade("shop_5")
    shop.transaction(
        lambda connection: connection.execute(text("INSERT INTO users (email, name) VALUES ('ada@example.com', 'Ada')"))
    )

    ellar_db_migrations.upgrade("shop_7")

    names = shop.transaction(lambda connection: connection.scalar(text("SELECT full_name FROM users")))
    assert names == "Ada"
