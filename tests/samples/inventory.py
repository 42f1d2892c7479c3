"""Stock keeping for a small shop: items, movements, and a report."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Iterable, Iterator


class StockError(Exception):
    """A movement that would leave less than nothing on the shelf."""


@dataclass(frozen=True)
class Item:
    sku: str
    name: str
    unit_price: float
    reorder_level: int = 5


@dataclass
class Movement:
    sku: str
    quantity: int
    day: date
    note: str = ""

    def is_sale(self) -> bool:
        return self.quantity < 0


@dataclass
class Inventory:
    items: dict[str, Item] = field(default_factory=dict)
    movements: list[Movement] = field(default_factory=list)

    def add_item(self, item: Item) -> None:
        if item.sku in self.items:
            raise ValueError(f"duplicate sku {item.sku!r}")
        self.items[item.sku] = item

    def record(self, movement: Movement) -> None:
        if movement.sku not in self.items:
            raise KeyError(movement.sku)
        if self.quantity(movement.sku) + movement.quantity < 0:
            raise StockError(f"only {self.quantity(movement.sku)} of {movement.sku} left")
        self.movements.append(movement)

    def quantity(self, sku: str) -> int:
        return sum(m.quantity for m in self.movements if m.sku == sku)

    def value(self) -> float:
        total = 0.0
        for sku, item in self.items.items():
            total += self.quantity(sku) * item.unit_price
        return total

    def to_reorder(self) -> list[Item]:
        return [item for sku, item in self.items.items() if self.quantity(sku) <= item.reorder_level]

    def sales_by_day(self) -> dict[date, int]:
        sales: dict[date, int] = defaultdict(int)
        for movement in self.movements:
            if movement.is_sale():
                sales[movement.day] -= movement.quantity
        return dict(sales)


def read_movements(path: Path) -> Iterator[Movement]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            yield Movement(row["sku"], int(row["quantity"]), date.fromisoformat(row["day"]), row.get("note", ""))


def report(inventory: Inventory, skus: Iterable[str]) -> str:
    rows = []
    for sku in sorted(skus):
        item = inventory.items[sku]
        rows.append({"sku": sku, "name": item.name, "quantity": inventory.quantity(sku)})
    return json.dumps(rows, indent=2)
