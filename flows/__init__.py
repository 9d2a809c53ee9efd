"""When the steps run; the only ring that imports Prefect or Dask."""
