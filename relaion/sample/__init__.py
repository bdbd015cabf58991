"""A seeded, neutral data set and partner lists to try everything on."""

from relaion.sample.build import make
from relaion.sample.result import Delivery, DemoSet, Expected

__all__ = ["Delivery", "DemoSet", "Expected", "make"]
