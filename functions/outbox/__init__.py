"""What every drain of a queue does alike: its loop, and the sending of messages."""
