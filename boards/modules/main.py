# Runs at every start of a board, after boot.py.
import startup

startup.run()
