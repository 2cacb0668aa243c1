"""What can go wrong with the stack, as one sentence for the person at the keyboard."""


class StackError(Exception):
    """Ends the command with its message on one line and a non-zero exit."""
