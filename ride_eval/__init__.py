"""Does telling a model "you are an expert" change its inside, and are its answers then more certain?

A plugin for lm-evaluation-harness: tasks that put each benchmark prompt under several meta-prompt arms, a model class
that measures routing, density and entropy during the ordinary evaluation pass, and reports that say how sure they are.

Importing this package is cheap and imports neither torch nor lm_eval.
"""

from ride_eval.errors import RideError

__all__ = ["RideError", "__version__"]

__version__ = "0.1.0"
