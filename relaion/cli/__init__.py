"""The command line: the only place that knows typer and rich."""

from relaion.cli import commands, list_formats, lists, looking, merging, planning, reports
from relaion.cli.app import app, main

__all__ = [
    "app",
    "commands",
    "list_formats",
    "lists",
    "looking",
    "main",
    "merging",
    "planning",
    "reports",
]
