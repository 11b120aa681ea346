"""A configuration's mistakes: all of them, where they stand, and what was expected."""

import os
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.configuration import ACCOUNT, FOLDER, GOOD, KEY
from watcher.config import load, show
from watcher.config.layers import normalize
from watcher.config.load import Builder
from watcher.config.mistakes import Location, Mistakes
from watcher.config.paths import PathContext
from watcher.config.toml import Layout, placed
from watcher.i18n.languages import catalog
from watcher.i18n.message import as_json, msg
from watcher.model.errors import ConfigError
from watcher.model.settings import AfterUpload, Item
from watcher.sniff.formats import MEDIA_TYPES

SECRET = "ask_" + "ab12" * 8
EXAMPLE = os.path.join(os.path.dirname(__file__), "..", "..", "config.example.toml")


SINGLE = "in single quotes, or with /"
#: (what follows five whole lines, what is said of it)
ODD_CHARACTERS = [
    ("reference = “x”", "6: reference: “ (U+201C) is only allowed in quotes, which are \" or '"),
    ('reference = "x”', "6: reference: ” (U+201D)"),
    ('reference = "x”\nwatch = "poll"', "6: reference: ” (U+201D)"),
    ("reference = „x“", "6: reference: „ (U+201E)"),
    ("reference = «x»", "« (U+00AB)"),
    ("reference = ″x″", "″ (U+2033)"),
    ("reference = ‘x’", "‘ (U+2018)"),
    ("reference = 'x’", "6: reference: ’ (U+2019)"),  # never ends
    ("reference = 'x’\n\nwatch = \"poll\"\n", "6: reference: ’ (U+2019)"),
    ('accept = ["a”, "b"]', "6: accept: Unclosed array"),
    ('accept = [\n  "a",\n  “b”,\n]', "8: “ (U+201C)"),
    ("tags = { a = “b” }", "6: tags: “ (U+201C)"),
    ('tags = { “a” = "b" }', "6: tags: “ (U+201C)"),
    ('“reference” = "x"', "6: “ (U+201C)"),
    ('reference\u00a0= "x"', "6: reference: there is an invisible character here, U+00A0 (no-break space); delete it"),
    ('reference = \u00a0"x"', "6: reference: there is an invisible character here, U+00A0"),
    ('\u00a0\u00a0reference = "x"', "6: reference: there is an invisible character here, U+00A0"),
    ('reference = "x"\u202f', "U+202F (narrow no-break space)"),
    ('\u200breference = "x"', "6: there is an invisible character here, U+200B (zero width space); delete it"),
    ('\ufeffreference = "x"', "6: there is an invisible character here, U+FEFF (zero width no-break space)"),
    ('reference = "x"\u2028', "U+2028 (line separator); delete it"),
    ('reference ＝ "x"', "＝ (U+FF1D) is only allowed in quotes"),
    ("max_size ＝ 1", "＝ (U+FF1D) is only allowed in quotes"),
    ("max_size = １", "6: max_size: １ (U+FF11) is only allowed in quotes"),
    ("poll–seconds = 3", "– (U+2013) is only allowed in quotes"),
    ('été = "x"', "6: é (U+00E9) is only allowed in quotes"),
    ('sent_folder = "C:\\Users\\Jane"', f"6: sent_folder: a backslash has a special meaning in double quotes; write the path {SINGLE}"),
    ('sent_folder = "D:\\Daten"', SINGLE),
    ('sent_folder = "C:\\udata"', SINGLE),
    ('sent_folder = "\\\\server\\share"', SINGLE),  # the first two are one
    ('sent_folder = "C:\\CVs\\"', SINGLE),  # the text goes on
    ('sent_folder = "C:\\temp\\new"', f"6: folders[1].sent_folder: it contains a line break or another invisible character; a backslash has a special meaning in double quotes; write the path {SINGLE}"),
    ('watch = "poll\\u200b"', "6: folders[1].watch: it contains an invisible character, U+200B (zero width space); delete it"),
    ('after_upload = "move\u00a0"', "6: folders[1].after_upload: it contains an invisible character, U+00A0"),
    ('accept = ["application/pdf\u200b"]', "6: folders[1].accept: it contains an invisible character, U+200B"),
    ('accept = ["L’Oréal" "b"]', "6: accept: Unclosed array"),  # an apostrophe is not what is wrong
    ('reference = "“x” {sha256}"', None),  # in quotes they may stand
    ("ignore = ['*\u00a0draft*']", None),  # as in names
    ('tags = { "Genre\u00a0" = "Élan\u00a0: “x”" }', None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # (what is written, what is said of it): the line, the key, what was expected
        (GOOD + 'after_upload = "mov"', '6: folders[1].after_upload: "mov" is not one of "keep", "move", "trash"; did you mean "move"?'),
        (GOOD + "recursiv = true", '6: folders[1].recursiv: this setting is not known here; did you mean "recursive"?'),
        (GOOD + 'recursive = "yes"', '6: folders[1].recursive: "yes" is not true or false'),
        (GOOD + 'max_size = "20 Mo"', '6: folders[1].max_size: "20 Mo" is not a size; write a number of bytes, or "20 MB"'),
        (GOOD + 'tags = "x"', '6: folders[1].tags: "x" is not a table'),
        (GOOD + "tags = { a = [1] }", "6: folders[1].tags.a: a list is not true or false, a whole number, a number or text in quotes"),
        (GOOD + 'accept = ["pdf"]', '6: folders[1].accept[1]: "pdf" is not a known media type; did you mean "application/pdf"?'),
        (GOOD + '[notifications]\nquiet_hours = "18h-8h"', '7: notifications.quiet_hours: "18h-8h" is not a valid time range; write two times like "18:00-08:00"'),
        (GOOD + "[notifications]\nquiet_hours = 18", "7: notifications.quiet_hours: 18 is not text in quotes"),
        (GOOD + '[notifications]\nenabled = "no"', '7: notifications.enabled: "no" is not true or false'),
        (GOOD + "[notifications]\nquiet_hour = true", '7: notifications.quiet_hour: this setting is not known here; did you mean "quiet_hours"?'),
        ("notifications = false\n" + GOOD, "1: notifications: must be a table"),
        (GOOD + "first_success = true", "6: folders[1].first_success: this setting is not known here; it belongs in [notifications]"),
        (GOOD + 'account = "pari"', '6: folders[1].account: there is no account "pari"; the accounts are default'),
        (GOOD + 'reference = "{sha265}"', '6: folders[1].reference: "{sha265}": {sha265} is not a known placeholder; did you mean "sha256"?'),
        (GOOD + 'tags = { a = "{job}" }', '6: folders[1].tags.a: "{job}": {job} is not a known placeholder'),
        (GOOD + 'tags = { a = "{" }', "is unmatched"),
        (GOOD + 'labels = [{ job_key = "j", stage = "maybe" }]', 'the stage "maybe" is not one of new, yes, later, no'),
        (GOOD + 'labels = [{ stage = "yes" }]', "a label needs a job_key or a job_reference"),
        (GOOD + '[[folders.rules]]\nmatch = "{a"', "7: folders[1].rules[1].match"),
        (GOOD + '[[folders.rules]]\nmatch = "{a}/{a}"', 'the capture "a" is used twice'),
        (GOOD + '[[folders.rules]]\nmatch = "a"\nignore = true\nsource_key = "x"', "a rule with ignore = true can't set anything else"),
        (GOOD + FOLDER, "is already watched, as folder 1"),
        (ACCOUNT, None),  # no folder yet is no mistake
        (FOLDER, "there is no account"),
        ('[account]\nemail = "nobody"\n' + FOLDER, '2: account.email: "nobody" is not a valid email address'),
        (ACCOUNT + "parallel_uploads = 0\n", "3: account.parallel_uploads: 0 must be between 1 and 64"),
        (ACCOUNT + 'api_url = "http://api.example.com"\n', "must begin with https://"),
        (ACCOUNT + 'api_url = "http://127.0.0.1:80/v1"\n', None),  # the sandbox
        (ACCOUNT + 'profile_url = "https://example.com/p/{profile_key}"\n', None),
        (ACCOUNT + 'profile_url = "javascript:alert({profile_key})"\n',
         "3: account.profile_url: "),
        (ACCOUNT + 'profile_url = "https://example.com/p/{key}"\n', "is not an address like"),
        (ACCOUNT + '[ledger]\nurl = "postgresql://hrflow@db1,db2:5433/hrflow?sslrootcert=/ca.pem"\n', None),
        (ACCOUNT + '[ledger]\nurl = "postgresql:///hrflow"\n', None),
        (ACCOUNT + '[ledger]\nurl = "postgresql://u:secret@db/hrflow"\n', "login --ledger"),
        (ACCOUNT + '[ledger]\nurl = "postgresql://u@db/hrflow?password=secret"\n', "login --ledger"),
        (ACCOUNT + '[ledger]\nurl = "mysql://u@db/hrflow"\n', "is not the address of a PostgreSQL"),
        (ACCOUNT + '[ledger]\nurl = "postgresql://u@db"\n', "is not the address of a PostgreSQL"),
        (ACCOUNT + '[ledger]\nwhen_unreachable = "wait"\n', "ledger.when_unreachable"),
        (ACCOUNT + 'profile_url = "https://example.com/p"\n', "must contain {profile_key} after"),
        (ACCOUNT + 'profile_url = "https://{profile_key}.example.com/"\n', "after the host"),
        (ACCOUNT + 'profile_url = "https://me:x@example.com/{profile_key}"\n', "user name or password"),
        (ACCOUNT + '[[folders]]\npath = "cvs"\nsource_key = "k"', '4: folders[1].path: "cvs" is not a full path'),
        (ACCOUNT + '[[folders]]\npath = "$NOPE/cvs"\nsource_key = "k"', "there is no environment variable NOPE"),
        (ACCOUNT + '[[folders]]\npath = "~"\nsource_key = "k"', "is your home folder"),
        (ACCOUNT + '[[folders]]\npath = "/"\nsource_key = "k"', "is a whole drive"),
        (ACCOUNT + '[[folders]]\npath = "/etc/hostname"\nsource_key = "k"', "is a file, not a folder"),
        (ACCOUNT + '[[folders]]\npath = "/x"\n', "3: folders[1].source_key: is missing"),
        ("x = [1,", "1: "),
        *((GOOD + text, expected) for text, expected in ODD_CHARACTERS),
        (GOOD + "recursive = yes", '6: recursive: this is not a value: put text in quotes, like "text"; true,'),
        (GOOD + "poll_seconds =", "6: poll_seconds: this is not a value"),
        # wrong types: each says what it expected
        (GOOD + "recursive = 1", "6: folders[1].recursive: 1 is not true or false"),
        (GOOD + "watch = 1979-05-27", '6: folders[1].watch: 1979-05-27 is not one of "auto"'),
        (GOOD + "watch = { a = 1 }", "6: folders[1].watch: a table is not one of"),
        (GOOD + "sent_folder = 3", "6: folders[1].sent_folder: 3 is not text in quotes"),
        (GOOD + "accept = [1]", "6: folders[1].accept: 1 in this list is not text"),
        (GOOD + "accept = []", "no file would ever be uploaded"),
        (GOOD + 'ignore = "*.bak"', '"*.bak" is not a list like'),
        (GOOD + 'ignore = [ "ok",\n "" ]', "7: folders[1].ignore[2]: is empty"),
        (GOOD + 'accept = ["application/pfd"]', '6: folders[1].accept[1]: "application/pfd" is not a known media type; did you mean "application/pdf"?'),
        (GOOD + 'accept = ["image/jpg"]', 'did you mean "image/jpeg"?'),
        (GOOD + 'accept = ["text/rtf"]', 'did you mean "application/rtf"?'),
        (GOOD + 'accept = ["application/docx"]', 'did you mean "application/vnd.openxmlformats-officedocument.wordprocessingml.document"?'),
        (GOOD + 'accept = ["imgae/*"]', 'did you mean "image/*"?'),
        (GOOD + 'accept = ["paper/a4"]', '"paper/a4" is not a known media type'),
        (GOOD + 'accept = ["model/obj"]', '"model/obj" is not a known media type'),  # found in no file
        (GOOD + '[[folders.rules]]\nmedia_types = ["aplication/pdf"]', '7: folders[1].rules[1].media_types[1]: "aplication/pdf" is not a known media type; did you mean "application/pdf"?'),
        (GOOD + 'ignore = ["["]', '6: folders[1].ignore[1]: "[": the bracket is never closed'),
        (GOOD + 'ignore = ["*.bak", "x[!]"]', "6: folders[1].ignore[2]"),
        (GOOD + 'ignore = ["./x"]', 'no path contains the part "."'),
        (GOOD + "poll_seconds = -1", "-1 must be between 0.05 and 86400 seconds"),
        (GOOD + "poll_seconds = nan", "nan is not a usable number"),
        (GOOD + "settle_seconds = inf", "inf is not a usable number"),
        (GOOD + f"poll_seconds = {10**400}", "poll_seconds: a number with so many digits is too large"),
        (GOOD + f"poll_seconds = {'9' * 5000}", "4300 digits"),  # the parser itself gives up
        (GOOD + f"max_size = {2**63}", "is too large"),
        (GOOD + f'max_size = "{"9" * 400} MB"', "is not a size"),
        (GOOD + "max_size = -1", "-1 is not a size"),
        (GOOD + f"tags = {{ a = {2**63} }}", "folders[1].tags.a: a number with so many digits is too large"),
        (GOOD + "tags = { a = inf }", "folders[1].tags.a: inf is not a usable number"),
        (GOOD + "tags = [{ name = 'a' }]", "folders[1].tags[1]: its value is missing"),
        (GOOD + "tags = [{ name = 'a', value = 1, vlaue = 2 }]", 'tags[1].vlaue: this setting is not known here; did you mean "value"?'),
        (GOOD + "tags = [{ name = 'a', value = 1 },\n { name = 'a', value = 2 }]", '7: folders[1].tags[2]: "a" appears twice'),
        (GOOD + "tags = { '' = 1 }", "its name is empty"),
        (GOOD + "labels = { job_key = 'j' }", "a table is not a list of labels"),
        (GOOD + "labels = [{ job_key = 'j', stge = 'yes' }]", 'labels[1].stge: this setting is not known here; did you mean "stage"?'),
        (GOOD + "labels = [{ job_key = 1 }]", "labels[1].job_key: 1 is not text in quotes"),
        (GOOD + "labels = [{ job_key = '' }]", "a label needs a job_key"),
        (GOOD + "labels = [{ job_key = 'j', rating = 5 }]", "labels[1].rating: 5 must be between 0 and 1"),
        (GOOD + "labels = [{ job_key = 'j', rating_timestamp = 1.5 }]", "1.5 is not a whole number"),
        (GOOD + 'rules = "x"', "6: folders[1].rules: must be written as [[folders.rules]] tables"),
        (GOOD + "rules = [1]", "6: folders[1].rules[1]: must be a table"),
        (ACCOUNT + '[folders]\npath = "/x"', "3: folders: must be written as [[folders]] tables"),
        ("account = 1", "1: account: must be a table"),
        ("[[accounts]]\n", "1: accounts: must be written as [accounts.NAME] tables"),
        ("accounts = { paris = 1 }", "1: accounts.paris: must be a table"),
        (GOOD + "[[defaults]]\n", "6: defaults: must be a table"),
        # keys that stand in the wrong place
        (GOOD + "[[folders.rules]]\nafter_upload = 'move'", "7: folders[1].rules[1].after_upload: this setting is not known here; it belongs in [[folders]]"),
        (GOOD + "[defaults]\npath = '/x'", "7: defaults.path: this setting is not known here; it belongs in [[folders]]"),
        ("api_url = 'https://x'\n" + GOOD, "it belongs in [account]"),
        (GOOD + "log_level = 'info'", "it belongs in the first lines of the file"),
        # defaults: said once, where they stand, whether or not there are folders
        (ACCOUNT + "[defaults]\nreference = '{job}'", '4: defaults.reference: "{job}": {job} is not a known placeholder'),
        (ACCOUNT + "[defaults]\naccount = 'x'", '4: defaults.account: there is no account "x"'),
        # accounts
        ("[account]\n" + FOLDER, "1: account.email: is missing"),
        (ACCOUNT + "[accounts.lyon]\nemail = 'l@example.com'\n" + FOLDER, "5: folders[1].account: is missing; choose one of default, lyon"),
        (ACCOUNT + "[accounts.default]\nemail = 'l@example.com'\n", "are the same account"),
        ("[accounts.'a/b']\nemail = 'l@example.com'\n", "name must be made of letters and digits"),
        (ACCOUNT + 'email2 = "x"', 'did you mean "email"?'),
        ('[account]\nemail = "a@b.c\\nX: y"\n', "another invisible character"),
        (ACCOUNT + 'api_url = "https://[::1"\n', "is not a valid address"),
        (ACCOUNT + 'api_url = "https://h:99999/v1"\n', "is not a valid address"),
        (ACCOUNT + 'api_url = "https://h/v1?x=1"\n', 'must not contain "?"'),
        (ACCOUNT + 'proxy = "System"\n', 'did you mean "system"?'),
        (ACCOUNT + 'proxy = "ftp://proxy:80"\n', 'must be "system", "none" or an address'),
        (ACCOUNT + 'proxy = "http://proxy:8080"\n', None),
        # paths
        (ACCOUNT + '[[folders]]\npath = "$BAS/cvs"\nsource_key = "k"', 'no environment variable BAS; did you mean "BASE"?'),
        (ACCOUNT + '[[folders]]\npath = "%NOPE%/cvs"\nsource_key = "k"', "no environment variable NOPE"),
        (ACCOUNT + '[[folders]]\npath = "/home"\nsource_key = "k"', "contains your whole home folder"),
        (ACCOUNT + '[[folders]]\npath = "/var/own/x"\nsource_key = "k"', "is where the program keeps its own files"),
        (ACCOUNT + '[[folders]]\npath = "/var"\nsource_key = "k"', "the program keeps its own files in it"),
        (ACCOUNT + '[[folders]]\npath = "/x\\u0000"\nsource_key = "k"', "another invisible character"),
        (GOOD + 'sent_folder = ""', "is empty; choose a folder"),
        (GOOD + 'sent_folder = "."', "is the folder itself"),
        (GOOD + 'sent_folder = "/srv/cvs"', "is the folder itself"),
        (GOOD + 'sent_folder = "/srv"', "or contains it"),
        (GOOD + 'refused_folder = "../x"', "is outside the folder"),
        (GOOD + 'sent_folder = "/srv/done"', None),
        (GOOD + 'after_upload = "move"\nsent_folder = "/srv/o"\n[[folders]]\npath = "/srv/o"\nsource_key = "k"', "is the sent_folder of folder 1"),
        # rules
        (GOOD + "[[folders.rules]]\nmatch = '{folder}/**'", "{folder} is already a placeholder"),
        (GOOD + "[[folders.rules]]\nignore = true\nsync_parsing = true", "anything else: sync_parsing"),
        (GOOD + "[[folders.rules]]\nmin_size = '2 MB'\nmax_size = '1 MB'", "is larger than max_size"),
        (GOOD + "[[folders.rules]]\nmatch = '{s:yes|maybe}/**'\nlabels = [{ job_key = 'j', stage = '{s}' }]", 'the stage "maybe" is not one of'),
        (GOOD + "[[folders.rules]]\nmatch = '{j}/**'\nsource_key = 's-{j}'\nreference = '{j}-{sha256}'\ntags = { '{j}' = '{j}' }\nmetadatas = { a = '{j}' }\nlabels = [{ job_key = '{j}', stage = '{j}' }]", None),
        (GOOD + 'reference = ""', "is empty; the default is {sha256}"),
        (GOOD + f'reference = "{"x" * 200}{{sha256}}"', "is too long; a reference can have 255 characters"),
        ('log_level = "loud"\n' + GOOD, "1: log_level"),
    ],
)  # fmt: skip
def test_a_mistake_says_where_and_what_was_expected(load_text, mistakes, text, expected):
    if expected is None:
        assert load_text(text).config
    else:
        assert any(expected in mistake for mistake in mistakes(text)), mistakes(text)


def test_all_mistakes_come_at_once(mistakes):
    text = GOOD + 'watch = "x"\nexisting = 1\nfoo = 2\n[defaults]\nbar = 3\n'
    assert len(mistakes(text)) == 4


def test_mistakes_of_all_kinds_come_at_once_in_the_order_of_the_file(mistakes):
    text = (
        '[account]\nemail = "bad"\nfoo = 1\n[[folders]]\npath = "cvs"\nsource_key = ""\n'
        'accept = ["x"]\nwatch = "x"\napi_key = "hush"\n[[folders.rules]]\nmatch = "{"\n'
    )
    assert [int(each.partition(":")[0]) for each in mistakes(text)] == [2, 3, 5, 6, 7, 8, 9, 11]


def test_a_mistake_does_not_make_others(mistakes):
    text = GOOD + '[[folders.rules]]\nmatch = 3\ntags = { a = "{job}" }\n'
    assert len(mistakes(text)) == 1  # whether {job} can be filled is not known
    text = "[account]\nemail = 3\n" + FOLDER + "labels = [{ job_key = 1 }]\n"
    assert len(mistakes(text)) == 2
    assert len(mistakes(ACCOUNT + "[defaults]\npoll_seconds = 0\n" + FOLDER * 2)) == 2


@pytest.mark.parametrize(
    "text",
    [
        ACCOUNT + f'api_key = "{SECRET}"\n',
        ACCOUNT + 'password = "hush"\n',
        ACCOUNT + f"foo = '{SECRET}'\n",
        f'log_level = "{SECRET}"\n' + GOOD,
        f"folders = '{SECRET}'\n" + ACCOUNT,
        f"[accounts.{SECRET}]\nemail = 'a@example.com'\n",
        GOOD + 'api_key = "hush"\n',
        GOOD + 'webhook_secret = "hush"\n',
        GOOD + f'tags = {{ a = "{SECRET}" }}\n',
        GOOD + f'tags = {{ "{SECRET}" = 1 }}\n',
        GOOD + 'tags = { api_key = "hush" }\n',
        GOOD + 'metadatas = [{ name = "X-API-KEY", value = "hush" }]\n',
        GOOD + f'labels = [{{ job_key = "askw_{SECRET[4:]}" }}]\n',
        GOOD + f'accept = ["{SECRET}"]\n',
        GOOD + f"{SECRET} = 1\n",
        GOOD + f'tags = {{ a = "{SECRET.upper()}" }}\n',
        GOOD + f'source_key = "{SECRET}"\n'.replace("source_key", "account"),
        GOOD + f'rules = "{SECRET}"\n',
        GOOD + f'[[folders.rules]]\nmatch = "x/{SECRET}/**"\n',
    ],
)
def test_a_secret_is_a_mistake_that_says_where_it_belongs_and_is_not_repeated(mistakes, text):
    (found,) = mistakes(text)
    assert "keyring" in found
    assert SECRET not in found.lower()
    assert "hush" not in found


@pytest.mark.parametrize(
    "said",
    [
        f"plain text with {SECRET}",
        msg("{item} is wrong", item=SECRET),
        msg("{names:or}", names=("a", f"x{SECRET[:4]}", SECRET)),
        msg("{item}: {why}", item="a", why=msg("{value} is wrong", value=f'"{SECRET}"')),
        msg("{item}", item=(msg("{value}", value="http://jo:ask_0x@example.com"), "a\nb")),
    ],
)
def test_no_argument_of_a_mistake_holds_a_secret_or_a_line_break(said):
    found = Mistakes()
    found.add(Location("config.toml", ("tags", SECRET)), said)
    kept = as_json(found.texts[0])
    assert SECRET not in kept
    assert "jo:" not in kept
    assert "\\n" not in kept


def test_mistakes_are_said_in_the_language_of_who_reads_them(load_text):
    text = (
        FOLDER + "acount = 'x'\npoll_seconds = 0\nwatch = 'pol'\n[[folders.rules]]\nmatch = '{'\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_text(text)
    said = "\n".join(map(catalog("fr"), caught.value.mistakes))
    for part in (
        "il n’y a pas de compte",
        'ce réglage n’est pas connu ici\u00a0; vouliez-vous dire "account"\u00a0?',
        "la valeur doit être comprise entre 0.05 et 86400 secondes",
        'vouliez-vous dire "poll"\u00a0?',
        'l’accolade "{" n’a pas de correspondante',
    ):
        assert part in said


@pytest.mark.parametrize(
    "text",
    [
        f'a = {{ a = "{SECRET}"\n',
        f"[{SECRET}]\n[{SECRET}]\n",
        f"{SECRET} = 1\n{SECRET} = 2\n",
        f"a = {{ {SECRET} = 1, {SECRET} = 2 }}\n",
        f"[account]\n{SECRET}\n",
        ACCOUNT + 'proxy = "http://bob:hush@proxy:8080"\n',
        ACCOUNT + 'proxy = "bob:hush@proxy"\n',
        ACCOUNT + 'proxy = ["http://bob:hush@proxy:8080"]\n',
        ACCOUNT + 'proxy = "http://hush@[proxy"\n',
        ACCOUNT + 'api_url = "https://bob:hush@api.example.com/v1"\n',
        ACCOUNT + 'api_url = "x://bob:hush@api.example.com/v1"\n',
        ACCOUNT + 'email = "a b//x:hush@example.com"\n'.replace("email", "api_url"),
    ],
)
def test_no_message_repeats_a_secret(mistakes, text):
    assert not any(word in "".join(mistakes(text)) for word in (SECRET, "hush"))


@pytest.mark.parametrize(
    "setting",
    [
        "tags = { token = 'x', passworded = true, password = false }",  # what people call tags
        "tags = { a = 'task_force', b = 'ask_candidate', c = 'ask_2nd' }",  # words, not keys
    ],
)
def test_what_only_sounds_like_a_secret_is_none(load_text, setting):
    assert load_text(GOOD + setting).config


def test_messages_are_as_they_are_wanted(load_text):
    loaded = load_text(GOOD + '[notifications]\nquiet_hours = "18:00-08:00"\nbacklog = false')
    wanted = loaded.config.notifications
    assert (wanted.enabled, wanted.quiet_hours, wanted.backlog) == (True, "18:00-08:00", False)
    assert loaded.origins["notifications.backlog"].text.endswith(":8")
    assert loaded.origins["notifications.held"].text == "built-in default"


@pytest.mark.parametrize(
    "setting",
    [
        'accept = ["image/*", "application/vnd.ms-word.document.macroEnabled.12", "text/plain"]',
        'accept = ["audio/mpeg", "image/tiff", "application/zip"]',
        'ignore = ["[[]", "[0-9]*", "[!a]", "x[]]", "a]"]',
        f"reference = '{{sha256}}'\ntags = {{ sha1 = '{KEY}', year = '{'2024' * 8}' }}",
        f"labels = [{{ job_key = '{KEY}' }}]",
        f"source_key = '{KEY[:20]}-{{parent}}'",
    ],
)
def test_what_is_unusual_and_right_is_left_alone(load_text, tmp_path, setting):
    (tmp_path / "in").mkdir()
    text = GOOD.replace("/srv/cvs", str(tmp_path / "in"))
    if setting.startswith("source_key"):
        text = text.replace(f'source_key = "{KEY}"\n', "")
    assert load_text(text + setting).warnings == ()


def test_every_type_that_a_file_may_have_can_be_accepted(load_text, tmp_path):
    (tmp_path / "in").mkdir()
    text = GOOD.replace("/srv/cvs", str(tmp_path / "in"))
    assert not load_text(f"{text}accept = {sorted(MEDIA_TYPES)}\n").warnings


@pytest.mark.parametrize("there", ["Zoe\u0308/CVs", "Zoë /CVs"])
def test_a_folder_is_the_one_on_disk_whose_name_looks_the_same(load_text, tmp_path, there):
    (tmp_path / there).mkdir(parents=True)
    path = str(tmp_path / "Zoë" / "CVs")
    loaded = load_text(GOOD.replace("/srv/cvs", path))
    assert not loaded.warnings
    assert os.path.samefile(loaded.config.folders[0].path, tmp_path / there)
    place, problem = PathContext({}, "/home/nobody").find_place(path)
    assert os.path.samefile(place, tmp_path / there)
    assert not problem


def test_a_folder_that_holds_the_configuration_is_not_watched(mistakes, tmp_path):
    (found,) = mistakes(GOOD.replace("/srv/cvs", str(tmp_path)))
    assert found.startswith("4: folders[1].path: this configuration is in it, at ")
    (tmp_path / "link").symlink_to(tmp_path)
    assert "is in it" in mistakes(GOOD.replace("/srv/cvs", str(tmp_path / "link")))[0]


def test_values_find_their_way(load_text):
    loaded = load_text(
        "[accounts.paris]\nemail = 'p@example.com'\nmax_upload_rate = '1.5 MB'\n"
        "[accounts.lyon]\nemail = 'l@example.com'\n"
        "[defaults]\naccount = 'paris'\ntags = { a = 1, b = 'x' }\nignore = ['*.bak']\n"
        "[[folders]]\npath = '~/in'\nsource_key = 'k'\ntags = [{ name = 'b', value = true }]\n"
        "ignore = ['old/**']\nafter_upload = 'move'\n"
        "[[folders]]\npath = '${BASE}/in'\nsource_key = 'k2'\naccount = 'lyon'\n"
    )
    first, second = loaded.config.folders
    assert loaded.config.account("paris").max_upload_rate == 1_500_000
    assert (first.path, second.path) == (os.path.normpath("/home/jo/in"), "/data/in")
    assert (first.account, second.account) == ("paris", "lyon")
    assert first.tags == (Item(name="a", value=1), Item(name="b", value=True))
    assert first.tags[1].value is True
    assert first.ignore == ("*.bak", "old/**")
    assert first.after_upload is AfterUpload.MOVE
    origins = {key: (value, origin) for key, value, origin in show(loaded)}
    assert origins["folders[1].after_upload"][0] == '"move"'
    assert origins["folders[1].after_upload"][1].endswith(":15")
    assert origins["folders[2].tags"][1].startswith("[defaults] ")
    assert origins["folders[2].recursive"] == ("true", "built-in default")


INNER = '[[folders]]\npath = "/srv/cvs/dev"\nsource_key = "k"\n'
RULE = "[[folders.rules]]\n"


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            GOOD + INNER,
            "7: folders[2].path: /srv/cvs/dev is inside /srv/cvs, whose settings don't apply to",
        ),
        (GOOD, "4: folders[1].path: /srv/cvs doesn't exist yet"),
        (GOOD + 'reference = "{stem}"', "6: folders[1].reference: without {sha256}, two files may"),
        (GOOD.replace(KEY, "zz"), '5: folders[1].source_key: "zz" doesn\'t look like'),
    ],
)
def test_what_is_perhaps_not_meant_is_said(load_text, text, warning):
    loaded = load_text(text)
    warnings = (*loaded.absent, *loaded.warnings)
    assert any(warning in str(each) for each in warnings), warnings


@pytest.mark.parametrize(
    "rules",
    [
        RULE + 'match = "a"\nmin_size = 3\n' + RULE + 'match = "a"\n',  # smaller files are left
        RULE + "max_size = 3\n" + RULE,
        RULE + 'media_types = ["image/*"]\n' + RULE + 'media_types = ["image/png"]\nmatch = "a"\n',
    ],
)
def test_rules_that_may_apply_are_not_warned_of(load_text, tmp_path, rules):
    (tmp_path / "in").mkdir()
    text = (GOOD + rules).replace("/srv/cvs", str(tmp_path / "in"))
    assert load_text(text, home="/home/jo").warnings == ()


def test_paths_may_hold_home_and_variables(load_text):
    text = GOOD + "sent_folder = '~/Done'\nrefused_folder = '%BASE%/bad'\n"
    (folder,) = load_text(text.replace("/srv", "$BASE/5$/x")).config.folders
    assert folder.path == "/data/5$/x/cvs"
    assert (folder.sent_folder, folder.refused_folder) == ("/home/jo/Done", "/data/bad")


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("0", 0),
        ("17", 17),
        ('"17"', 17),
        ('"20 MB"', 20_000_000),
        ('"20mb"', 20_000_000),
        ('"1.1 GB"', 1_100_000_000),
        ('"4.35 MB"', 4_350_000),  # not one byte less by way of binary fractions
        ('"2 KiB"', 2048),
        ('" 1 MiB "', 1_048_576),
    ],
)
def test_sizes(load_text, written, size):
    assert load_text(GOOD + f"max_size = {written}").config.folders[0].max_size == size


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[account", b"\x00", b"a = 1\n" * 3])
def test_a_file_that_is_no_configuration_is_one_clear_error(tmp_path, content):
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        load(str(path), environ={}, home="/home/jo")


def test_a_missing_file_and_a_directory_are_clear_errors(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError):
            load(str(path), environ={}, home="/home/jo")


LINES = [
    # (text, key, its line)
    ("a = 1", ("a",), 1),
    ("# a = [\n# [b]\na = 1", ("a",), 3),  # comments hold anything
    ("a = 'x' # = [y]\nb = 1", ("b",), 2),
    ('a = """\n[x]\nb = 1\n""" \nc = 1', ("c",), 5),
    ('a = """\n[x]\nb = 1\n"""', ("x",), 0),  # text is no table
    ('a = """\\"""\n"""""\nb = 1', ("b",), 3),  # quotes at a text's end are its own
    ("a = '''\n\"\"\"\n'''\nb = 1", ("b",), 4),
    ("a = 'x = [\"'\nb = 1", ("b",), 2),
    ("[t]\nc.d = 1", ("t", "c", "d"), 2),
    ("[t.u]\n[v]", ("t",), 1),  # a table that only its inner one names
    ("[[l]]\ne = [\n 1, # ]\n 2 ]\n[[l]]", ("l", 0, "e", 1), 4),
    ("[[l]]\n[[l]]\n[l.m]\nf = 2", ("l", 1, "m", "f"), 4),
    ("[[l]]\n[[l.r]]\n[[l.r]]\na = 1\n[[l]]\n[[l.r]]\na = 1", ("l", 1, "r", 0, "a"), 7),
    ("l = [\n { a = 1 },\n { b = [\n 3 ] } ]", ("l", 1, "b", 0), 4),
    ("t = { a = { b = 1 }, c.d = 2 }\ne = 1", ("t", "c", "d"), 1),
    ("t = { a = 1 }\ne = 1", ("e",), 2),
    ('"a b" = 1\n"\\u0041.x" = 2', ("A.x",), 2),
    ("a = 1979-05-27 07:32:00\nb = -1.5e3\nc = 1", ("c",), 3),
    ("a = '\u2028'\nb = 1", ("b",), 2),  # not line ends in TOML
    ("[ t . 'u' ] # x\na = 1", ("t", "u", "a"), 2),
]


@pytest.mark.parametrize(("text", "key", "line"), LINES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_found(text, key, line, end):
    tomllib.loads(text)  # lines are looked for in valid texts only
    assert Layout(text.replace("\n", end)).lines.get(key, 0) == line


def keys_of(raw, key_path=()):
    for name, value in raw.items() if isinstance(raw, dict) else enumerate(raw):
        yield (*key_path, name)
        if isinstance(value, dict | list):
            yield from keys_of(value, (*key_path, name))


def test_every_key_of_the_example_has_a_line():
    with open(EXAMPLE, encoding="utf-8") as file:
        text = file.read()
    lines = Layout(text).lines
    assert not set(keys_of(tomllib.loads(text))) - set(lines)


VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.datetimes().map(str)
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["path", "source_key", "tags", "labels", "rules", "accept", "max_size", "watch", "reference",
     "poll_seconds", "account", "email", "proxy", "api_url", "metadatas", "ignore", "nonsense"]
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES), st.lists(VALUES, max_size=2))
def test_no_value_anywhere_is_more_than_a_mistake(account, folder, odd):
    raw = {"account": {"email": "a@example.com", **account}, "folders": [folder, *odd]}
    tables = placed(raw, Location("config.toml"))
    found = Mistakes()
    normalize(tables, found)
    config = Builder(found, PathContext({}, "/home/jo")).build(tables)
    assert (config is None) == bool(found.texts)


def load_or_error(folder, text):
    """Load a text; anything but a ConfigError is the caller's failure."""
    path = folder / "config.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        return load(str(path), environ={}, home="/home/jo")
    except ConfigError as error:
        assert str(error)
        return None


@given(st.text(max_size=200))
def test_any_text_is_a_configuration_or_a_clear_error(tmp_path_factory, text):
    assert load_or_error(tmp_path_factory.mktemp("any"), text) is None


with open(EXAMPLE, encoding="utf-8") as opened:
    PLAIN = [line for line in opened.read().splitlines() if line and line[0] != "#"]
    CHARACTERS = "\n".join(PLAIN)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(CHARACTERS)),
            st.integers(0, 5),
            st.text(alphabet="[]{}\"'=.,\n#{}*/$~%0x \\é", max_size=4),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_the_example_with_any_change_is_a_configuration_or_a_clear_error(tmp_path_factory, changes):
    text = CHARACTERS
    for place, cut, put in changes:
        text = text[:place] + put + text[place + cut :]
    found = load_or_error(tmp_path_factory.mktemp("changed"), text)
    try:
        raw = tomllib.loads(text)
    except ValueError:
        assert found is None
    else:
        assert not set(keys_of(raw)) - set(Layout(text).lines)


@pytest.mark.parametrize("text", ["a=" + "[" * 5000, "a=" + "{a=" * 5000, "a." * 300 + "a=1"])
def test_deep_nesting_is_a_clear_error(tmp_path, text):
    assert load_or_error(tmp_path, text) is None
