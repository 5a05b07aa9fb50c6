"""Writing telemetry: plain values in, checked, buffered, and committed in whole ticks.

A family adds its tables and its vocabulary of ``log_…`` methods in ``families/<f>/recorder.py``.
"""
