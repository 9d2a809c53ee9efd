"""How often the verdict ships what it should not, by the number of test images."""
