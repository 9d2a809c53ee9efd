"""When the steps run, and in how many processes: the only ring that imports Prefect or Dask."""
