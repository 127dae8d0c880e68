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


def test_the_risk_of_all_answers_is_drawn_beside_the_curve(undrawn: Callable[..., Figure]):
    curve = {"coverage": [0.5, 1.0], "risk": [0.02, 0.1], "low": [0.0, 0.05], "high": [0.9, 0.2]}
    [axes] = undrawn(figures.risk_coverage, curve).axes
    assert list(axes.lines[0].get_ydata()) == [0.02, 0.1]
    assert list(axes.lines[1].get_ydata()) == [0.1, 0.1]
    assert axes.get_ylim()[1] < 0.9
