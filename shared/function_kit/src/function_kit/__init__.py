"""The library inside the Lambda images.

Importing any module of it first prepares a fast start (see `startup`), so a handler imports
`function_kit` before it imports anything else that is heavy.
"""

from function_kit import startup

startup.begin()
