"""The layer table: what each layer of a PyTorch model does in a few sampled iterations.

sampler.py says when and times calls and their backward; counting.py sees the operations of one iteration, flops.py says
what they compute; layer.py says what a layer is; table.py writes the rows.
"""
