"""What a model loses when its weights are rounded, measured on the user's own texts, and what it then takes.

Nothing here goes to the network, runs code that comes with a model, opens a pickle, or writes beside the result file.
"""
