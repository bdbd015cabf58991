"""A seeded, neutral data set and partner lists to try everything on."""

from relaion.sample.build import make
from relaion.sample.result import DemoDelivery, DemoSet, Expected

__all__ = ["DemoDelivery", "DemoSet", "Expected", "make"]
