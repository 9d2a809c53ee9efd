"""Images and labels: formats, download, statistics, rules and splits."""
