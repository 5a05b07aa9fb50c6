"""What draws measures and states over ticks: layers of a canvas, axes, cursors, small charts."""
