"""Every variant on the test images."""
