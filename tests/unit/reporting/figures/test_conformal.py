from collections.abc import Callable

from matplotlib.figure import Figure

from sightline.reporting import figures


def test_large_sets_share_the_last_place(undrawn: Callable[..., Figure]):
    sizes = [0, 60, 20] + [0] * 20 + [20]
    entry = {"method": "aps", "alpha": 0.1, "conditional": "marginal", "mean_size": 5.7, "sizes": sizes}
    [axes] = undrawn(figures.set_sizes, [entry, entry | {"conditional": "class"}]).axes
    heights = [patch.get_height() for patch in axes.patches]
    assert heights[1:3] == [0.6, 0.2]
    assert heights[-1] == 0.2
    assert [tick.get_text() for tick in axes.get_xticklabels()][-1] == "12 or more"
