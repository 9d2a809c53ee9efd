"""The most accurate small files: four budgets of bytes, three seeds each."""
