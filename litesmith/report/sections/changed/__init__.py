"""Images that the final file answers unlike the one in service."""
