"""`python -m telemetry`: the command line."""

import sys

from telemetry.cli import main

if __name__ == "__main__":
    sys.exit(main())
