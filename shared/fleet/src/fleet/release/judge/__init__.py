"""The judge: is the new version worse than the old one, on what was seen so far?

Modules, in order of data: `evidence` counts invocations and errors of each version, `alarms`
says which alarms fire, `seen` sorts what there is, `counting` and `statistics` have the
distributions, tests and intervals, `enough` says whether that settles it, `verdict` decides, and
`reasons` puts it in words.
"""
