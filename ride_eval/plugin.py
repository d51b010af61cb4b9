"""How lm_eval finds us.

Importing this module makes `model="ride"` and the `ride_*` tasks known to the harness in this process. That is all a Python
user of `lm_eval.simple_evaluate` needs. A harness that discovers plugins finds the model by our entry point; the
command line of a release that does not is served by `bridge`.
"""

from __future__ import annotations

import lm_eval.loggers.evaluation_tracker
import lm_eval.models
import lm_eval.tasks.manager

from ride_eval.bridge import add_tasks, register_model, watch_saves

register_model(lm_eval.models)
add_tasks(lm_eval.tasks.manager)
watch_saves(lm_eval.loggers.evaluation_tracker)
