"""Conversion to ``.tflite``, and what such files are and do."""
