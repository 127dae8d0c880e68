"""How many test items does it take? For an interval as narrow as wanted, and to see a difference.

    bash run.sh examples/statistics/how_many_items.py

The items are simulated, because here the truth must be known: an accuracy of 90 %, and two systems of which a alone is
right on 4 % of the items and b alone on 2 %. Power is how often McNemar's test then finds p below 0.05.
"""

import numpy as np

from sightline.metrics.comparison.paired import mcnemar, tango
from sightline.metrics.intervals.interval import wilson

DRAWS = 500

rng = np.random.default_rng(0)
print(f"{'items':>6}   {'an accuracy of 90 %':<22} {'a difference of 2 points':<26} power")
for items in (100, 300, 1000, 3000, 10_000):
    one = wilson(round(0.9 * items), items, level=0.95)
    pair = tango(round(0.04 * items), round(0.02 * items), items, level=0.95)
    draws = rng.multinomial(items, [0.04, 0.02, 0.94], size=DRAWS)
    power = np.mean([mcnemar(only_a, only_b) < 0.05 for only_a, only_b, _ in draws])
    limits = f"[{one.low:.1%}, {one.high:.1%}]", f"[{pair.low:+.1%}, {pair.high:+.1%}]"
    print(f"{items:>6}   {limits[0]:<22} {limits[1]:<26} {power:>5.0%}")
