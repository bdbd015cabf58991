"""Teams of neutral sites that share images, for listed sites that do: scripts 92 to 96.

A neutral site that leaves alone hides no listed one that is gone together with others that show
the same image. So sites that such an image joins get teams of neutral sites that share one, too,
as far as there are any.
"""

from collections.abc import Callable

from relaion.engine import Engine
from relaion.sqlset import Script

STEPS = 60
"""A group of more knots, one hanging on the other, gets no team."""


def seat_teams(
    engine: Engine,
    script: Callable[[str], Script],
    *,
    cover: int,
    image_rows: int,
    levels: range,
) -> None:
    """Add to `cover_picks` teams for the groups of 91_groups, as many as can be found.

    Reads what `92_knots` and those after it read.
    """
    run = engine.run
    run(script("92_knots"), image_rows=image_rows, cover=cover)
    steps = 0
    while steps < STEPS:
        run(script("93_next_knots"), step=steps + 1)
        if not engine.rows("select 1 from knot_steps where step = ? limit 1", [steps + 1]):
            break
        steps += 1
    for level in levels if steps else ():
        run(script("94_first_teams"), level=level, cover=cover)
        for step in range(2, steps + 1):
            run(script("95_grow_teams"), level=level, step=step)
        while True:
            run(script("96_seat_teams"), level=level)
            if not engine.rows("select 1 from seated_teams limit 1"):
                break
