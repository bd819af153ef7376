"""From what is owed to what is sent: `driver` sends, `line` is one recipient, `ways` is what a configuration says."""

from monitor.deliver.driver import STEPS, Deliver, Tally
from monitor.deliver.line import Line
from monitor.deliver.ways import Way, Ways, ways

__all__ = ["STEPS", "Deliver", "Line", "Tally", "Way", "Ways", "ways"]
