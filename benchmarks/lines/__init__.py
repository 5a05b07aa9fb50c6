"""The lines of the table, a file a theme; every module here is found and imported by the frame."""
