"""What the functions that send messages share."""
