"""Started by `wattline quant --verify` in the user's own Python: `run.py PLAN RESULT`. See docs/quantization.md."""

import sys

from wattline_verify.program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
