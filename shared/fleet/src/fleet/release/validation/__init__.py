"""Whether what runs is what was meant to run: the checks behind `fleet validate`.

Modules, in order of data: `subject` is what a function is and what Terraform says of it; one
module for each group of checks (`state`, `configuration`, `permissions`, `observability`,
`images`, `times`, `events`, `routes`), and `inside`, which has the events sent from inside the
VPC; `validator` runs them; `checks` is what they report, and `junit` writes it for CI.
"""
