"""Classifying pictures with a trained model."""
