"""Releases: what moves the alias `live`, and how it goes back.

Modules, in order of data: `preflight` decides whether a release may start, `control` is
the part of the Lambda control plane that a release touches, `deploy` and `rollback` run
the steps, `smoke` judges a new version, `history` remembers.
"""
