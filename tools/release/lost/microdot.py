"""What `import microdot` finds on CPython when the folder beside this file has lost `__init__.py`.

The wheel has it as `microdot.py`, next to the folder `microdot`, which Python prefers while it is
whole. PyPI's `microdot` has files of the same names in that folder: once both have been installed,
uninstalling that one takes some of ours along, and what is left would import as an empty package.
"""

raise ImportError(
    'files of microdot-kit are missing, as `pip uninstall microdot` takes them along: '
    'install it again, by `pip install --force-reinstall .` in its folder'
)
