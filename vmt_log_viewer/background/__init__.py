"""Work off the GUI thread, and the clocks that belong to it."""
