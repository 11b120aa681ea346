"""What is wrong, or odd, in the configuration, in French: said by set-up and by the doctor."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FRENCH: Final[Mapping[str, str]] = MappingProxyType(
    {
        # The file as a whole.
        "There is no configuration at {path}.": "Il n’y a pas de configuration dans {path}.",
        "Have one written by: hrflow-watcher setup, or copy config.example.toml there.": (
            "Faites-la écrire par : hrflow-watcher setup, ou copiez-y config.example.toml."
        ),
        "The configuration {path} has {what}.": "La configuration {path} a {what}.",
        "Correct the file and check it again with: hrflow-watcher config check": (
            "Corrigez le fichier et vérifiez-le de nouveau avec : hrflow-watcher config check"
        ),
        "The configuration {path} cannot be read ({error}).": (
            "La configuration {path} ne peut pas être lue ({error})."
        ),
        "The configuration {path} is too large to be one.": (
            "Le fichier {path} est trop gros pour être une configuration."
        ),
        "The configuration {path} is not UTF-8 text (line {number}).": (
            "La configuration {path} n’est pas du texte UTF-8 (ligne {number})."
        ),
        "Save it as UTF-8.": "Enregistrez-la en UTF-8.",
        "The configuration {path} is nested too deeply to be one.": (
            "Le fichier {path} est trop imbriqué pour être une configuration."
        ),
        "The configuration {path} is not valid TOML.": (
            "La configuration {path} n’est pas du TOML valide."
        ),
        "Correct that line; everything else is checked after that.": (
            "Corrigez cette ligne ; tout le reste sera vérifié ensuite."
        ),
        "a backslash in double quotes has a meaning of its own; write the path in single quotes,"
        " or with /": (
            "une barre oblique inverse a un sens propre entre guillemets doubles ; écrivez le"
            " chemin entre apostrophes, ou avec /"
        ),
        "there is an invisible character here, {character}; write an ordinary space": (
            "il y a ici un caractère invisible, {character} ; écrivez une espace ordinaire"
        ),
        "there is an invisible character here, {character}; delete it": (
            "il y a ici un caractère invisible, {character} ; supprimez-le"
        ),
        "there is an invisible character in it, {character}; delete it": (
            "il contient un caractère invisible, {character} ; supprimez-le"
        ),
        "the character {character} (U+{number}) has no meaning here; write {other}": (
            "le caractère {character} (U+{number}) n’a pas de sens ici ; écrivez {other}"
        ),
        "the character {character} (U+{number}) can only stand in quotes": (
            "le caractère {character} (U+{number}) n’a sa place qu’entre guillemets"
        ),
        'texts stand in quotes, as in "text"; true, false and numbers do not': (
            'les textes sont entre guillemets, comme "texte" ; true, false et les nombres, non'
        ),
        "a secret must not stand in this file: put the API key into the system's keyring, or into"
        " the environment variable HRFLOW_API_KEY on a machine without one, and change it if"
        " others have seen the file": (
            "un secret n’a pas sa place dans ce fichier : mettez la clé d’API dans le trousseau du"
            " système, ou dans la variable d’environnement HRFLOW_API_KEY sur un ordinateur qui"
            " n’en a pas, et changez-la si d’autres ont vu le fichier"
        ),
        # Hints that follow.
        '{why}; did you mean "{value}"?': "{why} ; vouliez-vous dire « {value} » ?",
        "{why}; known are {names}": "{why} ; sont connus : {names}",
        "{why}; there is {names}": "{why} ; il y a : {names}",
        "{why}; there are {names}.": "{why} ; il y a : {names}.",
        "{why}; name one of {names}": "{why} ; indiquez-en un de : {names}",
        "{why}; it belongs in {what}": "{why} ; sa place est dans {what}",
        "the first lines of the file, before any [table]": (
            "les premières lignes du fichier, avant toute [table]"
        ),
        "{why}; name a program": "{why} ; indiquez un programme",
        # Values.
        "this key is not known here": "cette clé n’est pas connue ici",
        "{value} is not {expected}": "{value} n’est pas {expected}",
        "true or false": "true ou false",
        "a whole number": "un nombre entier",
        "a number": "un nombre",
        "text in quotes": "un texte entre guillemets",
        "a list": "une liste",
        "a table": "une table",
        "a number of so many digits": "un nombre d’autant de chiffres",
        "{item} is too large": "{item} est trop grand",
        "{item} is no number that can be used": "{item} n’est pas un nombre utilisable",
        '{item} is not a list of texts like ["one", "two"]': (
            '{item} n’est pas une liste de textes comme ["un", "deux"]'
        ),
        '{item} in it is not text: write a list like ["one", "two"]': (
            '{item} n’y est pas un texte : écrivez une liste comme ["un", "deux"]'
        ),
        "there is a line break or another invisible character in it": (
            "il contient un saut de ligne ou un autre caractère invisible"
        ),
        '{item} is no size: write a number of bytes, or "20 MB"': (
            '{item} n’est pas une taille : écrivez un nombre d’octets, ou "20 MB"'
        ),
        '{item} is neither a table like {{ office = "Paris" }} nor a list like'
        ' [{{ name = "office", value = "Paris" }}]': (
            '{item} n’est ni une table comme {{ office = "Paris" }} ni une liste comme'
            ' [{{ name = "office", value = "Paris" }}]'
        ),
        "its name is empty": "son nom est vide",
        "{item} stands there twice": "{item} y figure deux fois",
        '{item} is not a list of labels like [{{ job_key = "…", stage = "new" }}]': (
            '{item} n’est pas une liste de libellés comme [{{ job_key = "…", stage = "new" }}]'
        ),
        "a label needs a job_key or a job_reference": (
            "un libellé demande une « job_key » ou une « job_reference »"
        ),
        "its {key} is missing": "il lui manque « {key} »",
        "{item} is not one of {names}": "{item} n’est pas l’un de : {names}",
        "{item} is not within {least} to {most}": (
            "{item} n’est pas compris entre {least} et {most}"
        ),
        "{item} is not within {least} to {most} seconds": (
            "{item} n’est pas compris entre {least} et {most} secondes"
        ),
        "{item} is not within {least} to {most} (0: no limit)": (
            "{item} n’est pas compris entre {least} et {most} (0 : sans limite)"
        ),
        "{item} is not within {least} to {most} (0: nothing is asked)": (
            "{item} n’est pas compris entre {least} et {most} (0 : rien n’est demandé)"
        ),
        "{item} is not within {least} to {most} days": (
            "{item} n’est pas compris entre {least} et {most} jours"
        ),
        '{item} are no two times of the day; write them like "18:00-08:00"': (
            '{item} : ce ne sont pas deux heures du jour ; écrivez-les comme "18:00-08:00"'
        ),
        "is missing": "manque",
        "write {names} tables": "écrivez des tables {names}",
        "write a table of keys here": "écrivez ici une table de clés",
        # Accounts.
        "there is no account: write an [account] table with your email": (
            "il n’y a pas de compte : écrivez une table [account] avec votre adresse e-mail"
        ),
        "[account] and [accounts.default] are the same account": (
            "[account] et [accounts.default] sont le même compte"
        ),
        "an account's name is made of letters and digits": (
            "le nom d’un compte se compose de lettres et de chiffres"
        ),
        "there is no account {item}": "il n’y a pas de compte {item}",
        "{item} is no email address": "{item} n’est pas une adresse e-mail",
        "{item} is no address like https://api.hrflow.ai/v1": (
            "{item} n’est pas une adresse comme https://api.hrflow.ai/v1"
        ),
        "must not hold a user or a password": "ne doit contenir ni utilisateur ni mot de passe",
        "must not hold a user or a password: leave it to the system's settings": (
            "ne doit contenir ni utilisateur ni mot de passe : laissez cela aux réglages du système"
        ),
        '{item} goes on after its path; end it before "?" and "#"': (
            "{item} continue après son chemin ; terminez-la avant « ? » et « # »"
        ),
        "must begin with https://, as the API key travels there": (
            "doit commencer par https://, car la clé d’API y voyage"
        ),
        'must be "system", "none" or an address like http://proxy.example.com:8080': (
            'doit être "system", "none" ou une adresse comme http://proxy.example.com:8080'
        ),
        # Folders.
        '{item} is not a full path; begin it with "/" or "~/"': (
            "{item} n’est pas un chemin complet ; commencez-le par « / » ou « ~/ »"
        ),
        "the environment has no variable {key}": "l’environnement n’a pas de variable {key}",
        "{path} is a file, not a folder": "{path} est un fichier, pas un dossier",
        "{path} is a whole drive; name a folder on it": (
            "{path} est un disque entier ; indiquez un dossier de ce disque"
        ),
        "{path} is your home folder; name a folder in it": (
            "{path} est votre dossier personnel ; indiquez un dossier dedans"
        ),
        "{path} holds your whole home folder; name a folder in that": (
            "{path} contient tout votre dossier personnel ; indiquez un dossier de celui-ci"
        ),
        "{path} is where the program keeps its own files": (
            "{path} est l’endroit où le programme garde ses propres fichiers"
        ),
        "the program keeps its own files in it, at {path}": (
            "le programme y garde ses propres fichiers, dans {path}"
        ),
        "this configuration lies in it, at {path}": "cette configuration s’y trouve, dans {path}",
        "{path} is not there yet; it is watched as soon as it is": (
            "{path} n’est pas encore là ; il sera surveillé dès qu’il y sera"
        ),
        "{path} is not there, and there is an invisible character in it, {character}": (
            "{path} n’est pas là, et il contient un caractère invisible, {character}"
        ),
        "is empty; name a folder": "est vide ; indiquez un dossier",
        '"{path}" is the folder itself or lies around it; name a folder in it, or the full path of'
        " another one": (
            "« {path} » est le dossier lui-même ou le contient ; indiquez un dossier dedans, ou le"
            " chemin complet d’un autre"
        ),
        '"{path}" leads out of the folder; write its full path if you mean it': (
            "« {path} » mène hors du dossier ; écrivez son chemin complet si c’est voulu"
        ),
        "{path} is watched already, as {what}": "{path} est déjà surveillé : c’est {what}",
        "lies in {what}; its files go this folder's way": (
            "se trouve dans {what} ; ses fichiers suivent les règles de celui-ci"
        ),
        "is the {key} of {what} or lies in it, and what was filed away is never watched": (
            "est, pour {what}, le « {key} » ou un dossier qui s’y trouve ; ce qui a été rangé n’est"
            " jamais surveillé"
        ),
        "folder {number}": "le dossier {number}",
        "folder {number} of {path}": "le dossier {number} de {path}",
        "it is created in your home folder only: elsewhere a drive may just be missing": (
            "il n’est créé que dans votre dossier personnel : ailleurs, un lecteur peut simplement"
            " manquer"
        ),
        "is empty, so nothing would ever be sent": "est vide : rien ne serait jamais envoyé",
        # Media types.
        '{item} is no media type like "application/pdf"': (
            "{item} n’est pas un type de média comme « application/pdf »"
        ),
        "{item} is no known media type": "{item} n’est pas un type de média connu",
        "{item} is a type that this program finds in no file": (
            "{item} est un type que ce programme ne trouve dans aucun fichier"
        ),
        # Rules and patterns.
        "{item} has a meaning already; name it otherwise": (
            "{item} a déjà un sens ; nommez-le autrement"
        ),
        "is larger than max_size": "est plus grand que « max_size »",
        "a rule that ignores cannot set anything as well: {names}": (
            "une règle qui ignore ne peut rien régler d’autre : {names}"
        ),
        "is empty; write a name like *draft*, or a path like private/**": (
            "est vide ; écrivez un nom comme *brouillon*, ou un chemin comme prive/**"
        ),
        'the bracket has no partner; write "[[]" to mean itself': (
            "il manque le crochet correspondant ; écrivez « [[] » pour le crochet lui-même"
        ),
        'a pattern is a path below the folder with "/" between its parts, like "jobs/**"': (
            "un motif est un chemin dans le dossier, avec « / » entre ses parties, comme"
            " « jobs/** »"
        ),
        "a pattern has at most {number} characters": ("un motif a au plus {number} caractères"),
        'a capture is within one part of the path, so it holds no "/"': (
            "une capture reste dans une partie du chemin : elle ne contient pas de « / »"
        ),
        'no file ever has the part "{value}" in its path': (
            "aucun fichier n’a jamais la partie « {value} » dans son chemin"
        ),
        "the brace {item} has no partner": "l’accolade {item} n’a pas sa correspondante",
        "the brace {item} has no partner; write it twice to mean itself": (
            "l’accolade {item} n’a pas sa correspondante ; écrivez-la deux fois pour elle-même"
        ),
        "{item} is no capture; write {example} or {pattern}": (
            "{item} n’est pas une capture ; écrivez {example} ou {pattern}"
        ),
        "the capture {item} stands there twice": "la capture {item} y figure deux fois",
        "one of the choices of {item} is empty": "l’un des choix de {item} est vide",
        "{item} cannot be filled": "{item} ne peut pas être rempli",
        # Sources, references, labels.
        "is empty; copy the key of the source from HrFlow": (
            "est vide ; copiez la clé de la source depuis HrFlow"
        ),
        "is still the example's; put the key of your source from HrFlow there": (
            "est encore celle de l’exemple ; mettez-y la clé de votre source dans HrFlow"
        ),
        "{item} is no usual source key; those of HrFlow have 40 digits and letters a to f": (
            "{item} n’est pas une clé de source habituelle ; celles de HrFlow ont 40 chiffres et"
            " lettres de a à f"
        ),
        "has the form of an API key's 32 digits; if it is one, take it out of this file and make a"
        " new key": (
            "a la forme des 32 chiffres d’une clé d’API ; si c’en est une, retirez-la de ce fichier"
            " et créez une nouvelle clé"
        ),
        "is empty; {reference} is the usual one": "est vide ; {reference} est l’usage",
        "is longer than the {number} characters a reference may have": (
            "est plus longue que les {number} caractères permis pour une référence"
        ),
        "without {reference} two files may get the same reference, and the second is refused": (
            "sans {reference}, deux fichiers peuvent avoir la même référence, et le second est"
            " refusé"
        ),
        "the stage {item} is not one of {names}": "l’étape {item} n’est pas l’une de : {names}",
        # Webhook and commands.
        '{item} is no address like "127.0.0.1" or "0.0.0.0"': (
            "{item} n’est pas une adresse comme « 127.0.0.1 » ou « 0.0.0.0 »"
        ),
        "{item} can be reached from other machines; only signed events get through, but put"
        " something that speaks https in front of it": (
            "{item} est joignable depuis d’autres ordinateurs ; seuls les événements signés"
            " passent, mais placez devant quelque chose qui parle https"
        ),
        "no folder asks HrFlow to send it: set webhook_parsing_sending = true in [defaults]": (
            "aucun dossier ne demande à HrFlow de l’envoyer : réglez webhook_parsing_sending = true"
            " dans [defaults]"
        ),
        "begins with the program to run, which is its name or path and no placeholder": (
            "commence par le programme à lancer : son nom ou son chemin, sans champ à remplir"
        ),
        "a batch file is run by a shell, which would take parts of a file's name for orders": (
            "un fichier de commandes passe par un interpréteur, qui prendrait des parties d’un nom"
            " de fichier pour des ordres"
        ),
    }
)
