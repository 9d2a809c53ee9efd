"""Words of the field that the page uses."""
