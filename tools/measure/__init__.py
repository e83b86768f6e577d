"""What `tools/bench.py` and `tools/size.py` share: finding the runtimes, starting a server as a
process of its own, loading it over the loop-back interface, and printing tables."""
