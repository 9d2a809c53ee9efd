"""The limits of the device, and what the files ask of devices."""
