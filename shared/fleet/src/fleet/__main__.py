"""`python -m fleet`, the same as `fleet`."""

from fleet.cli import main

main()
