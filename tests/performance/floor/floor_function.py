"""The smallest function there is: it returns its event."""


def handler(event, context):
    return event
