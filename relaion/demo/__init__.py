"""A seeded, neutral data set and partner lists to try everything on."""

from relaion.demo.build import make
from relaion.demo.result import Delivery, DemoSet, Expected

__all__ = ["Delivery", "DemoSet", "Expected", "make"]
