"""What every drain of a queue does alike, and the sending of one message."""
