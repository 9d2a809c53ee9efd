"""Time: when the steps run, under whose eyes and in how many processes. The only ring that imports Prefect or Dask."""
