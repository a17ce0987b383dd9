"""Rehearsals: the workflow files' own jobs and steps, in order, here, with a fake GitHub.

What they cannot know: whether GitHub takes a file (actionlint and zizmor are asked for that), how
it schedules jobs, cancels, queues and keeps concurrency groups, who passes an environment's
protection, what is inside the actions that are used, and whether AWS takes GitHub's token.
"""
