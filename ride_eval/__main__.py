"""`python -m ride_eval` is the `ride-eval` command."""

import sys

from ride_eval.cli import main

sys.exit(main())
