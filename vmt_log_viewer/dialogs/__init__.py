"""What is asked of the user, and the cards that lie over the window."""
