"""Configurations as text: the smallest that is right, in pieces."""

ACCOUNT = '[account]\nemail = "a@example.com"\n'
KEY = "0e1f" * 10
FOLDER = f'[[folders]]\npath = "/srv/cvs"\nsource_key = "{KEY}"\n'
GOOD = ACCOUNT + FOLDER
