"""Precisions of ``.tflite`` files, one module each."""
