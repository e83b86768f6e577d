"""What users of the framework run on their machine: the command `microdot-kit` (see __main__).

A wheel has it beside the framework; a checkout runs it by its path: `python3 tools/microdot_kit`.
No module needs more of a system than Python has everywhere when it is imported.
"""
