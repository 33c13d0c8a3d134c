class Fault(Exception):
    """What went wrong, in a sentence for people: it is handed to Wattline and shown as it is."""
