"""Says what pyproject.toml cannot: the top-level resources/ travel inside the viewer's package."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["telemetry*", "vmt_log_viewer*"]),
        "vmt_log_viewer._resources",
    ],
    package_dir={"vmt_log_viewer._resources": "resources"},
)
