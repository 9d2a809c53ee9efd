"""The pure library: arrays, models, figures and pages.

Decides no path and knows no orchestrator: it never imports ``tasks``, ``flows``, Prefect, Dask or DVC.
"""
