"""Where a document goes: placeholders, ignored names, routes, form fields."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from watcher.i18n.message import msg
from watcher.model.entries import Stat
from watcher.model.files import Document, Sniffed
from watcher.model.kinds import State
from watcher.model.settings import (
    ROUTING,
    AfterRefusal,
    AfterUpload,
    Archives,
    Changed,
    CreatedAt,
    CreatedAtFormat,
    Duplicates,
    Existing,
    Folder,
    Item,
    Label,
    MailSetting,
    Rule,
    Watch,
)
from watcher.model.uploads import Route, Skip
from watcher.pipeline.admission import has_likely_time
from watcher.routing.ignored import IGNORED_NAMES, ignore_filter
from watcher.routing.names import as_seen
from watcher.routing.patterns import Host, fill, names_in
from watcher.routing.rules import fingerprint, form_fields, make_plan
from watcher.sniff import formats

HOST = Host(hostname="pc-7", user="jo")
PDF = Sniffed("application/pdf", ".pdf", msg("a PDF document"), whole=True)
SHA = "ab" * 32


def folder(**settings):
    values = {"path": "/srv/cvs", "account": "default", "source_key": "k"}
    return Folder(**{**values, **settings})


def document(below="jane.pdf", sniffed=PDF, size=1000, mtime_ns=1_700_000_000_500_000_000):
    return Document("/srv/cvs", f"/srv/cvs/{below}", Stat(size, mtime_ns), SHA, sniffed, "jane.pdf")


def route(below="jane.pdf", sniffed=PDF, size=1000, **settings):
    return make_plan(folder(**settings), HOST).route(document(below, sniffed, size))


IGNORED = [
    # (path below the folder, why, the pattern that says so)
    (".hidden.pdf", "hidden", ".*"),
    (".git/x.pdf", "in a hidden folder", ".*"),
    ("a/.b/c/x.pdf", "at any depth", ".*"),
    ("~$cv.docx", "Word's owner file", "~$*"),
    (".~lock.cv.odt#", "LibreOffice's lock", ".*"),
    ("~WRL0001.tmp", "Word, while saving", "*.tmp"),
    ("~wrd0001.docx~", "a copy that an editor leaves", "*~"),
    ("x.tmp", "half-written", "*.tmp"),
    ("X.TMP", "whatever its case", "*.tmp"),
    ("x.pdf.part", "Firefox", "*.part"),
    ("x.pdf.partial", "Edge, rclone", "*.partial"),
    ("x.pdf.filepart", "WinSCP", "*.filepart"),
    ("x.pdf.crdownload", "Chrome", "*.crdownload"),
    ("x.pdf.crswap", "Chrome, for web applications", "*.crswap"),
    ("x.pdf.download", "Safari", "*.download"),
    ("x.pdf.download/x.pdf", "Safari makes a folder of it", "*.download"),
    ("x.pdf.opdownload", "Opera", "*.opdownload"),
    ("x.docx.sb-6f0b1234-AbCdEf", "macOS, while saving", "*.sb-????????-??????"),
    ("._x.pdf", "macOS on a foreign disk", ".*"),
    (".DS_Store", "Finder", ".ds_store"),
    ("Thumbs.db", "Windows Explorer", "thumbs.db"),
    ("desktop.ini", "Windows Explorer", "desktop.ini"),
    (".cv.swp", "vim", "*.swp"),
    ("cv.swp", "vim, elsewhere", "*.swp"),
    (".syncthing.x.tmp", "Syncthing", "*.tmp"),
    ("~syncthing~x.pdf.tmp", "Syncthing on Windows", "*.tmp"),
    (".nfs000123", "NFS, deleted and still open", ".*"),
    (".dropbox.cache/x.pdf", "Dropbox", ".*"),
    ("x.pdf.icloud", "iCloud, not on this disk", "*.icloud"),
    ("x.odopen", "OneDrive", "*.odopen"),
    ("$RECYCLE.BIN/S-1/$R1.pdf", "deleted on a Windows share", "$recycle.bin"),
    ("#recycle/x.pdf", "deleted on a Synology", "#recycle"),
    ("@eaDir/x.pdf/thumb.jpg", "a Synology's thumbnails", "@eadir"),
    ("__MACOSX/x.pdf", "side files of a macOS archive", "__macosx"),
    ("x.pdf.error.txt", "our own note", "*.error.txt"),
    ("Sent/2026-01-01/x.pdf", "what we filed away", "sent/"),
    ("refused/x.pdf", "likewise, whatever the case", "refused/"),
    ("Sent", "the folder itself, so that nobody looks into it", "sent/"),
    ("old draft.pdf", "the folder's own name pattern", "*draft*"),
    ("Drafts 2024/x.pdf", "it fits folders as well", "*draft*"),
    ("x.Bak", "the folder's own ending, in its own spelling", "*.BAK"),
    ("private/x.pdf", "the folder's own path pattern", "private/**"),
    ("Private/a/x.pdf", "whatever the case, at any depth", "private/**"),
    ("old/x.pdf", "a path pattern that names a folder", "old/"),
    ("a/b/x.pdf", "a path pattern that fits the folder above", "a/b"),
]
TAKEN = [
    ("cv.pdf", "a document"),
    ("cv.v1.2.pdf", "dots in its name"),
    ("~jane.pdf", "Office's names go on with $"),
    ("~jane doe.docx", "likewise"),
    ("jane~.pdf", "the tilde is not at the end"),
    ("part.pdf", "a word that is an ending elsewhere"),
    ("cv.part.pdf", "likewise"),
    ("download", "likewise, without a dot"),
    ("tmp/cv.pdf", "a folder called so"),
    ("temp.docx", "likewise"),
    ("Sentinel.pdf", "begins like the folder we file into"),
    ("Sent.pdf", "likewise"),
    ("a/Sent/x.pdf", "a folder called so elsewhere"),
    ("x.error.pdf", "no note of ours"),
    ("errors.txt", "likewise"),
    ("priv/x.pdf", "begins like an ignored folder"),
    ("a/bc.pdf", "likewise"),
    ("\u0130 \u017f.pdf", "letters with odd small ones"),
    ("\udcff.pdf", "bytes that are no text"),
]
FILING = {"after_upload": AfterUpload.MOVE, "after_refusal": AfterRefusal.MOVE}
OWN = ("*draft*", "*.BAK", "private/**", "old/", "a/b", "*\u017f*.x", "x/[a/*")


@pytest.mark.parametrize(("below", "why", "pattern"), IGNORED)
def test_what_is_ignored(below, why, pattern):
    assert ignore_filter(folder(ignore=OWN, **FILING))(below) == pattern, why


@pytest.mark.parametrize(("below", "why"), TAKEN)
def test_what_is_not_ignored(below, why):
    assert ignore_filter(folder(ignore=OWN, **FILING))(below) == "", why


@pytest.mark.parametrize(
    ("sent_folder", "below", "pattern"),
    [
        ("Done/CVs", "done/cvs/x.pdf", "done/cvs/"),
        ("./Done/", "Done/x.pdf", "done/"),  # however it is written
        ("/srv/cvs/Done", "Done/x.pdf", "done/"),  # in full
        ("/srv/Done", "Done/x.pdf", ""),  # another one
        ("/srv/cvs2", "x.pdf", ""),  # begins like this folder
    ],
)
def test_where_files_are_filed_is_ignored(sent_folder, below, pattern):
    filing = {**FILING, "sent_folder": sent_folder}
    assert ignore_filter(folder(**filing))(below) == pattern


@pytest.mark.parametrize(
    ("settings", "targets", "below", "pattern", "why"),
    [
        ({}, (), "Sent/x.pdf", "", "nothing is moved: a folder of the person's own"),
        ({}, (), "Refused/a/x.pdf", "", "likewise"),
        ({}, (), "x.pdf.error.txt", "", "likewise, a file"),
        ({"after_upload": AfterUpload.TRASH}, (), "Sent/x.pdf", "", "nothing is moved there"),
        ({"after_upload": AfterUpload.MOVE}, (), "Sent/x.pdf", "sent/", "filed there"),
        ({"after_upload": AfterUpload.MOVE}, (), "Refused/x.pdf", "", "only what was sent is"),
        ({"after_refusal": AfterRefusal.MOVE}, (), "Refused/x.pdf", "refused/", "filed there"),
        ({"after_refusal": AfterRefusal.MOVE}, (), "Sent/x.pdf", "", "only what was refused is"),
        ({"after_refusal": AfterRefusal.MOVE}, (), "x.error.txt", "*.error.txt", "put back with it"),
        ({}, ("/srv/cvs/Sent",), "Sent/x.pdf", "sent/", "filed there by earlier settings"),
        ({}, ("/srv/cvs/Sent",), "Refused/x.pdf", "", "never filed there"),
        ({}, ("/srv/cvs/Reçus",), "Rec\u0327us /x.pdf", "reçus/", "the same to people"),
        ({}, ("/srv/other/Sent",), "Sent/x.pdf", "", "filed elsewhere"),
    ],
)  # fmt: skip
def test_a_name_is_the_program_s_where_it_files_or_has_filed(
    settings, targets, below, pattern, why
):
    assert ignore_filter(folder(**settings), targets)(below) == pattern, why


@pytest.mark.parametrize(
    ("pattern", "below", "ignored", "why"),
    [
        ("private/**", "private/", True, "all in it is ignored"),
        ("private/**", "private/a/", True, "likewise further down"),
        ("private/**", "Private /", True, "however it is written"),
        ("private/**", "private", False, "a file of that name"),
        ("private/**", "a/private/", False, "another one"),
        ("private/*", "private/", True, "what lies deeper is in an ignored folder"),
        ("private/**/*", "private/", True, "the same said otherwise"),
        ("**/private/**", "a/private/", True, "at any depth"),
        ("private/**/", "private/", True, "with a slash at its end"),
        ("*/private/**", "a/", False, "other folders in it are not"),
        ("private/*/*", "private/", False, "files in it are not"),
        ("private/*/*", "private/a/", True, "all in it is"),
        ("private/*.pdf", "private/", False, "only some files"),
        ("private/?*", "private/", False, "may be entered; all is ignored there"),
        ("{team}/old/**", "hr/old/", True, "a capture stands for any name"),
        ("**/*", "a/", True, "everything"),
        ("private", "private/", True, "by its name"),
        ("privat?", "private/", True, "likewise"),
    ],
)
def test_a_folder_is_ignored_where_everything_in_it_is(pattern, below, ignored, why):
    assert bool(ignore_filter(folder(ignore=(pattern,)))(below)) is ignored, why


NFD = "e\u0301"  # as macOS and some shares write "é"


@pytest.mark.parametrize(
    ("pattern", "below", "ignored", "why"),
    [
        ("*écarté*", "cv e\u0301carte\u0301.pdf", True, "composed in the pattern alone"),
        (f"*{NFD}cart{NFD}*", "cv écarté.pdf", True, "composed in the name alone"),
        ("écartés/**", f"{NFD}cart{NFD}s/cv.pdf", True, "of a path"),
        (f"*.{NFD}", "cv.É", True, "an ending, in another case"),
        ("é", f"a/{NFD} /cv.pdf", True, "a whole name, with a blank behind it"),
        ("old/*", " old\u00a0/cv.pdf", True, "a no-break space is a blank as well"),
        ("old", "\u200bold\u200b/cv.pdf", True, "and what has no width"),
        ("?.pdf", f"{NFD}.pdf", True, "one character to people"),
        ("[é].pdf", f"{NFD}.pdf", True, "a set of characters"),
        ("straße*", "STRASSE 1.pdf", True, "a letter whose capital is two"),
        ("ecarte*", "écarté.pdf", False, "an accent tells names apart"),
        ("old", "ｏｌｄ/cv.pdf", False, "full-width letters look different"),
        ("old", "o ld/cv.pdf", False, "a blank within counts"),
        ("*\udcff*", "a\udcff.pdf", True, "bytes that are no text are what they are"),
        ("old ", "old /cv.pdf", True, "written with its blank"),
        ("old /", "old/cv.pdf", True, "likewise, as a path"),
        (" ", " /cv.pdf", True, "a name of a blank alone stays one"),
    ],
)
def test_names_are_ignored_as_people_see_them(pattern, below, ignored, why):
    assert bool(ignore_filter(folder(ignore=(pattern,)))(below)) is ignored, why


@pytest.mark.parametrize(
    ("match", "below", "source", "why"),
    [
        ("reçus/**", "rec\u0327us/cv.pdf", "s", "composed in the rule alone"),
        ("rec\u0327us/**", "reçus/cv.pdf", "s", "composed in the name alone"),
        ("reçus/*", "Reçus /cv.pdf", "s", "a blank that nobody sees"),
        ("reçus /*", "reçus/cv.pdf", "s", "in the rule"),
        ("cv?.pdf", f"cv{NFD}.pdf", "s", "one character to people"),
        ("reçus/*", "recus/cv.pdf", "k", "another name"),
        ("a\udcff/*", "a\udcff/cv.pdf", "s", "bytes that are no text"),
    ],
)
def test_rules_compare_names_as_people_see_them(match, below, source, why):
    assert route(below, rules=(Rule(match=match, source_key="s"),)).source_key == source, why


@pytest.mark.parametrize("place", ["yes ", " Yes", "YES\u00a0", "yes"])
def test_blanks_around_a_folder_s_name_are_no_part_of_what_is_captured(place):
    rule = Rule(
        match="{job}/{stage:yes|no}/*",
        labels=(Label(job_reference="{job}", stage="{stage}"),),
        tags=(Item(name="parent", value="{parent}"),),
    )
    found = route(f"Ing{NFD}nieur /{place}/cv.pdf", rules=(rule,))
    assert found.labels == ({"job_reference": "Ingénieur", "stage": "yes"},)
    assert found.tags[0].value in ("yes", "Yes", "YES")


@given(st.text(alphabet="aé\u0301 /", min_size=1, max_size=20))
def test_a_path_seen_is_seen_as_itself(path):
    assert as_seen(as_seen(path)) == as_seen(path)
    assert as_seen(path).count("/") == path.count("/")


@given(st.lists(st.text(min_size=1, max_size=12), max_size=3), st.text(max_size=20))
def test_any_globs_tell_of_any_name_whether_they_ignore_it(globs, below):
    own = tuple(glob for glob in globs if "/" not in glob)
    found = ignore_filter(folder(ignore=own))(below)
    assert found in (*IGNORED_NAMES, *own, "sent/", "refused/", "")


@pytest.mark.parametrize("glob", ["a*" * 30 + "b", "*a" * 30 + "?b", "**/" * 30 + "b"])
def test_a_greedy_glob_does_not_take_for_ever(glob):
    ignored = ignore_filter(folder(ignore=(glob,)))
    begin = time.process_time()
    assert ignored("a" * 255) == ""
    assert ignored("a/" * 100 + "a") == ""
    assert time.process_time() - begin < 0.5  # one that goes back takes years


OTHER_SETTINGS = {
    "account": "other",
    "source_key": "s",
    "tags": (Item(name="a", value=1),),
    "metadatas": (Item(name="a", value=1),),
    "labels": (Label(job_key="j"),),
    "recursive": False,
    "ignore": ("*draft*",),
    "accept": ("application/pdf",),
    "max_size": 1,
    "mail": MailSetting.REFUSE,
    "archives": Archives.OPEN,
    "convert_images": False,
    "sync_parsing": True,
    "sync_parsing_indexing": False,
    "webhook_parsing_sending": True,
    "created_at": CreatedAt.NONE,
    "created_at_format": CreatedAtFormat.TIMESTAMP,
    "reference": "{path}",
    "rules": (Rule(match="*", ignore=True),),
    "path": "/srv/other",
    "create": True,
    "watch": Watch.POLL,
    "poll_seconds": 5.0,
    "settle_seconds": 5.0,
    "existing": Existing.SKIP,
    "ask_above": 7,
    "changed": Changed.IGNORE,
    "duplicates": Duplicates.UPLOAD,
    "after_upload": AfterUpload.MOVE,
    "after_refusal": AfterRefusal.MOVE,
    "sent_folder": "Done",
    "refused_folder": "Bad",
}


#: Which folder, how its files are noticed, what happens to them afterwards: nothing of the upload.
NOT_ROUTING = (
    "path", "create", "watch", "poll_seconds", "settle_seconds", "existing", "ask_above",
    "changed", "duplicates", "after_upload", "after_refusal", "sent_folder", "refused_folder",
)  # fmt: skip


def test_every_setting_of_a_folder_is_said_to_be_about_routing_or_not():
    assert sorted((*ROUTING, *NOT_ROUTING)) == sorted(Folder.__struct_fields__)
    assert OTHER_SETTINGS.keys() == set(Folder.__struct_fields__)


@pytest.mark.parametrize("name", OTHER_SETTINGS)
def test_only_settings_that_route_tell_fingerprints_apart(name):
    changed = folder(**{name: OTHER_SETTINGS[name]})
    assert (fingerprint(changed) != fingerprint(folder())) is (name in ROUTING)


def test_placeholders_are_filled_everywhere():
    found = route(
        "dev-42/yes/Jane Doe.pdf",
        tags=(Item(name="{folder}", value="{parent}/{stem}.{extension}"), Item(name="n", value=3)),
        metadatas=(Item(name="who", value="{user}@{hostname} {date} {{x}}"),),
        rules=(
            Rule(
                match="{job}/{stage}/**",
                source_key="source-{job}",
                reference="{job}-{sha256}",
                labels=(Label(job_reference="{job}", stage="{stage}", rating=0.5),),
                tags=(Item(name="n", value="{job}"),),
            ),
        ),
    )
    assert found == Route(
        account="default",
        source_key="source-dev-42",
        reference=f"dev-42-{SHA}",
        tags=(Item(name="cvs", value="yes/Jane Doe.pdf"), Item(name="n", value="dev-42")),
        metadatas=(Item(name="who", value="jo@pc-7 2023-11-14 {x}"),),
        labels=({"job_reference": "dev-42", "stage": "yes", "rating": 0.5},),
        created_at="2023-11-14T22:13:20+00:00",
        rule=1,
    )


def test_the_first_fitting_rule_wins():
    rules = (
        Rule(match="*.docx", source_key="a"),
        Rule(media_types=("image/*",), source_key="b"),
        Rule(min_size=500, max_size=2000, source_key="c"),
        Rule(source_key="d"),
    )
    assert route(rules=rules).source_key == "c"
    assert route(size=10, rules=rules).source_key == "d"
    png = Sniffed("image/png", ".png", msg("a PNG image"), whole=True)
    assert route(sniffed=png, rules=rules).rule == 2


@pytest.mark.parametrize(
    ("settings", "state", "words"),
    [
        ({"accept": ("image/png",)}, State.REFUSED, "a PDF document"),
        ({"max_size": 10}, State.REFUSED, "The file is larger than 10\u00a0B"),
        ({"rules": (Rule(match="*", ignore=True),)}, State.IGNORED, "Rule 1"),
        ({"rules": (Rule(match="{x}", labels=(Label(job_key="j", stage="{x}"),)),)}, State.REFUSED, '"jane.pdf"'),
        ({"reference": "x" * 300}, State.REFUSED, "longer than 255 characters"),
        ({"source_key": " "}, State.REFUSED, "no source"),
    ],
)  # fmt: skip
def test_what_is_not_sent_says_why(settings, state, words):
    found = route(**settings)
    assert isinstance(found, Skip)
    assert found.state is state
    assert words in str(found.why)
    assert state is State.IGNORED or ". " in str(found.why), "what to do follows"


@pytest.mark.parametrize("kind", [
    each for each in vars(formats).values() if isinstance(each, formats.Format)
], ids=lambda kind: str(kind.what))  # fmt: skip
def test_each_kind_that_is_refused_says_what_to_do_about_it(kind):
    found = route(sniffed=Sniffed(kind.media_type, kind.extension, kind.what, advice=kind.advice))
    if not isinstance(found, Route):
        assert ". " in str(found.why), "a second sentence follows what is wrong"


@pytest.mark.parametrize(
    ("rule", "fits", "why"),
    [
        (Rule(), True, "no condition"),
        (Rule(match="*.PDF"), True, "whatever the case"),
        (Rule(match="a/**"), False, "another folder"),
        (Rule(media_types=("application/pdf",)), True, "its type"),
        (Rule(media_types=("application/*",)), True, "its main type"),
        (Rule(media_types=("image/*", "text/html")), False, "neither of them"),
        (Rule(min_size=1000), True, "not less"),
        (Rule(min_size=1001), False, "less"),
        (Rule(max_size=1000), True, "not more"),
        (Rule(max_size=999), False, "more"),
        (Rule(max_size=0), True, "no limit"),
        (Rule(match="*", media_types=("image/png",)), False, "all conditions must hold"),
    ],
)
def test_a_rule_applies_where_all_its_conditions_hold(rule, fits, why):
    assert route(rules=(rule,)).rule == int(fits), why


def test_a_rule_s_settings_come_before_the_folder_s_and_false_is_a_setting():
    found = route(
        tags=(Item(name="a", value=1), Item(name="b", value=True), Item(name="c", value=1.0)),
        labels=(Label(job_key="j"),),
        sync_parsing=True,
        webhook_parsing_sending=True,
        rules=(
            Rule(
                tags=(Item(name="b", value=0), Item(name="d", value="x")),
                labels=(),
                sync_parsing=False,
                sync_parsing_indexing=False,
            ),
        ),
    )
    values = [(tag.name, tag.value, type(tag.value)) for tag in found.tags]
    assert values == [("a", 1, int), ("b", 0, int), ("c", 1.0, float), ("d", "x", str)]
    assert found.labels == ()
    assert (found.sync_parsing, found.sync_parsing_indexing) == (False, False)
    assert found.webhook_parsing_sending is True
    assert dict(form_fields(found, "x"))["sync_parsing_indexing"] == "0"


@pytest.mark.parametrize(
    ("reference", "length"),
    [("x" * 255, 255), ("x" * 256, None), ("x" * 191 + "{sha256}", 255), (" ", None)],
)
def test_a_reference_has_1_to_255_characters(reference, length):
    found = route(reference=reference)
    assert (len(found.reference) if isinstance(found, Route) else None) == length


def test_programs_and_riddles_are_told_apart():
    assert "program" in str(
        route(sniffed=Sniffed("application/x-elf", ".bin", msg("a program"))).why
    )
    assert "not a document" in str(route(sniffed=Sniffed("", "", msg("unknown"))).why)


def test_the_reception_date_travels_as_asked():
    assert route(created_at_format=CreatedAtFormat.TIMESTAMP).created_at == "1700000000"
    assert route(created_at=CreatedAt.NONE).created_at == ""
    assert route(rules=(Rule(created_at=CreatedAt.NONE),)).created_at == ""


NOW = 1_700_000_000  # 2023-11-14 22:13:20 UTC


@pytest.mark.parametrize(
    ("moment", "is_likely", "why"),
    [
        (-2_114_380_800, False, "1903: what some drives make of no time"),
        (0, False, "1970: the zero of most clocks"),
        (315_532_800, False, "1980: the zero of FAT and ZIP"),
        (631_151_999, False, "1989"),
        (631_152_000, True, "1990"),
        (NOW, True, "now"),
        (NOW + 86_400, True, "tomorrow: a clock that is ahead, another time zone"),
        (1_700_092_799, True, "the end of tomorrow"),
        (1_700_092_800, False, "the day after"),
        (4_018_723_200, False, "2097"),
        (9_223_372_036, False, "2262, as far as times are kept"),
    ],
)
@pytest.mark.parametrize("form", CreatedAtFormat)
def test_a_time_that_cannot_be_right_gives_way_to_that_of_arrival(moment, is_likely, why, form):
    came = document(mtime_ns=moment * 10**9)
    assert has_likely_time(came.stat, NOW) is is_likely, why
    settings = folder(created_at_format=form, tags=(Item(name="d", value="{date}"),))
    found = make_plan(settings, HOST).route(replace(came, noticed_at=NOW + 0.5))
    assert found.created_at in ("2023-11-14T22:13:20+00:00", "1700000000")
    assert found.tags == (Item(name="d", value="2023-11-14"),)


def test_names_that_are_no_text_become_harmless_values():
    assert route("a\udcff\n.pdf", tags=(Item(name="f", value="{stem}"),)).tags == (
        Item(name="f", value="a\ufffd\ufffd"),
    )


@given(st.text(max_size=40))
def test_a_template_names_all_that_filling_it_needs(template):
    values = dict.fromkeys(names_in(template), "x")
    assert isinstance(fill(template, values), str)


def test_form_fields_are_in_order_exact_and_without_what_is_not_set():
    found = Route(
        "default", "k", "ref", tags=(Item(name="é", value="ü"), Item(name="t", value=True), Item(name="n", value=0.5)),
        labels=({"job_key": "j"},), sync_parsing=True, created_at="1",
    )  # fmt: skip
    assert form_fields(found, "application/pdf") == (
        ("source_key", "k"),
        ("sync_parsing", "1"),
        ("webhook_parsing_sending", "0"),
        ("profile_content_type", "application/pdf"),
        ("reference", "ref"),
        ("labels", '[{"job_key":"j"}]'),
        ("tags", '[{"name":"é","value":"ü"},{"name":"t","value":true},{"name":"n","value":0.5}]'),
        ("created_at", "1"),
    )
    assert json.loads(dict(form_fields(found, "x"))["tags"])[1]["value"] is True
