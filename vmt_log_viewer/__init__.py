"""The window over telemetry: browse runs, see them, filter them, export what is seen."""
