"""What keeps the documentation true: reference pages written from the code, and every command in a page run or parsed.

`python -m handbook` writes the generated pages; `python -m handbook PAGE` runs a page and refreshes the outputs it shows.
No part of the installed package.
"""
