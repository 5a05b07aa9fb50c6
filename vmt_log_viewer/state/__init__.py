"""What the window shows right now, as plain objects with signals and no Qt."""
