"""`python -m sync.branch`."""

import sys

from sync.branch.cli import main

sys.exit(main())
