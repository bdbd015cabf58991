"""Loaded by each process that `tests.bench.phases` watches: it has its functions measured."""

from tests.bench.spans import watch

watch()
