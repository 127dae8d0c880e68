from collections.abc import Callable

from matplotlib.figure import Figure

from sightline.reporting import figures


def test_the_risk_of_all_answers_is_drawn_beside_the_curve(undrawn: Callable[..., Figure]):
    curve = {"coverage": [0.5, 1.0], "risk": [0.02, 0.1], "low": [0.0, 0.05], "high": [0.9, 0.2]}
    [axes] = undrawn(figures.risk_coverage, curve).axes
    assert list(axes.lines[0].get_ydata()) == [0.02, 0.1]
    assert list(axes.lines[1].get_ydata()) == [0.1, 0.1]
    assert axes.get_ylim()[1] < 0.9
