"""Hooks into frameworks that hold the training loop themselves. Each is put in when its framework has been imported.

`steps.py` has what they share: iterations that a framework tells of, and methods whose calls are seen (watched.py).
"""
