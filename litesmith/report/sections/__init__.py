"""The sections of the report, one package each."""
