"""The pages of the shop."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ellar.common import Body, Controller, ControllerBase, HTTPException, Serializer, get, post
from pydantic import Field

from shop.services import Catalog, OrderError, Orders, Reports


class ProductOut(Serializer):
    sku: str
    title: str
    price: Decimal
    currency: str
    tenant: str


class NewOrder(Serializer):
    email: str = Field(pattern=r".+@.+", max_length=254)
    full_name: str = Field(max_length=100)
    sku: str
    quantity: int = Field(gt=0)


class OrderOut(Serializer):
    id: int
    email: str
    state: str
    placed_at: datetime
    total: Decimal
    items: dict[str, int]


class SalesOut(Serializer):
    day: date
    sku: str
    currency: str
    quantity: int
    amount: Decimal


@Controller("/products")
class ProductsController(ControllerBase):
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    @get("/", response=list[ProductOut])
    def products(self) -> Any:
        return self.catalog.products()


@Controller("/orders")
class OrdersController(ControllerBase):
    def __init__(self, orders: Orders) -> None:
        self.orders = orders

    @get("/", response=list[OrderOut])
    def all(self) -> Any:
        return [
            {
                "id": order.id,
                "email": order.user.email,
                "state": order.state.value,
                "placed_at": order.placed_at,
                "total": order.total,
                "items": {line.product.sku: line.quantity for line in order.lines},
            }
            for order in self.orders.all()
        ]

    @post("/", response={201: dict[str, int]})
    def place(self, order: Body[NewOrder]) -> Any:
        try:
            placed = self.orders.place(order.email, order.full_name, order.sku, order.quantity)
        except OrderError as error:
            raise HTTPException(409, str(error)) from error
        return {"id": placed}


@Controller("/reports")
class ReportsController(ControllerBase):
    def __init__(self, reports: Reports) -> None:
        self.reports = reports

    @get("/", response=list[SalesOut])
    async def sales(self) -> Any:
        return await self.reports.sales()

    @post("/refresh", response=list[SalesOut])
    async def refresh(self) -> Any:
        await self.reports.refresh()
        return await self.reports.sales()
