"""What is said of the machine-wide configuration, and of what it locks, in French."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FRENCH: Final[Mapping[str, str]] = MappingProxyType(
    {
        # The file as a whole.
        "The machine-wide configuration {path} cannot be read ({error}).": (
            "La configuration de l’ordinateur, {path}, ne peut pas être lue ({error})."
        ),
        "Whoever looks after this machine can mend that: everybody has to be able to read it.": (
            "La personne qui gère cet ordinateur peut y remédier : tout le monde doit pouvoir la"
            " lire."
        ),
        "The machine-wide configuration {path} is not UTF-8 text.": (
            "La configuration de l’ordinateur, {path}, n’est pas du texte UTF-8."
        ),
        "Whoever looks after this machine can mend that: it has to be saved as UTF-8.": (
            "La personne qui gère cet ordinateur peut y remédier : il faut l’enregistrer en UTF-8."
        ),
        "The machine-wide configuration {path} is not a file.": (
            "La configuration de l’ordinateur, {path}, n’est pas un fichier."
        ),
        "The machine-wide configuration {path} is not used: it {why}.": (
            "La configuration de l’ordinateur, {path}, n’est pas utilisée : elle {why}."
        ),
        "The machine-wide configuration {path} is not used: {place} {why}.": (
            "La configuration de l’ordinateur, {path}, n’est pas utilisée : {place} {why}."
        ),
        "Whoever looks after this machine can mend that; until then no other configuration takes"
        " its place. Only administrators may be able to write it.": (
            "La personne qui gère cet ordinateur peut y remédier ; d’ici là, aucune autre"
            " configuration ne la remplace. Seuls les administrateurs doivent pouvoir la modifier."
        ),
        "does not belong to the administrators": "n’appartient pas aux administrateurs",
        "belongs to user {number}, who is no administrator": (
            "appartient à l’utilisateur {number}, qui n’est pas administrateur"
        ),
        "may be written by others than its owner (mode {number})": (
            "est modifiable par d’autres que son propriétaire (mode {number})"
        ),
        "The machine-wide configuration {path} has {what}.": (
            "La configuration de l’ordinateur, {path}, a {what}."
        ),
        "Whoever looks after this machine can correct the file and check it again with:"
        " hrflow-watcher config check": (
            "La personne qui gère cet ordinateur peut corriger le fichier et le vérifier de nouveau"
            " avec : hrflow-watcher config check"
        ),
        "The configuration {path} on top of {place} has {what}.": (
            "La configuration {path}, ajoutée à {place}, a {what}."
        ),
        "The machine-wide configuration {path} leaves something to you.": (
            "La configuration de l’ordinateur, {path}, vous laisse quelque chose à régler."
        ),
        "Have it written by: hrflow-watcher setup": "Faites-le écrire par : hrflow-watcher setup",
        # What it locks.
        '{item} is not a list of names like ["account.api_url", "log_level"]': (
            '{item} n’est pas une liste de noms comme ["account.api_url", "log_level"]'
        ),
        "locks {key}, which everybody needs and this file does not set": (
            "verrouille {key}, dont tout le monde a besoin et que ce fichier ne règle pas"
        ),
        "{item} is not the name of a key": "{item} n’est pas le nom d’une clé",
        "{item} cannot be locked as a whole; lock its keys, like defaults.existing": (
            "{item} ne se verrouille pas en entier ; verrouillez ses clés, comme defaults.existing"
        ),
        "{item} is the name of several keys; write {disks}": (
            "{item} est le nom de plusieurs clés ; écrivez {disks}"
        ),
        "{item} is not the name of a key that can be locked": (
            "{item} n’est pas le nom d’une clé qui se verrouille"
        ),
        "belongs in the machine-wide configuration, for everybody": (
            "a sa place dans la configuration de l’ordinateur, pour tout le monde"
        ),
        "has no effect, as {path} locks it for this machine": (
            "est sans effet, car {path} le verrouille pour cet ordinateur"
        ),
        "{key} is filled in texts only; write $USER in a path": (
            "{key} n’est rempli que dans les textes ; écrivez $USER dans un chemin"
        ),
        # What can therefore not be changed.
        "The account's {key} is set for this machine, in {path}.": (
            "« {key} » du compte est fixé pour cet ordinateur, dans {path}."
        ),
        "Which folders are watched, and so not {path}, is set for this machine, in {place}.": (
            "Les dossiers surveillés sont fixés pour cet ordinateur, dans {place} ; {path} n’est"
            " donc pas réglable ici."
        ),
        "{key} of {path} is set for this machine, in {place}.": (
            "« {key} » de {path} est fixé pour cet ordinateur, dans {place}."
        ),
        "Leave that out, or ask whoever looks after this machine.": (
            "Retirez cela, ou demandez à la personne qui gère cet ordinateur."
        ),
        "{path} is watched on this machine because {place} says so.": (
            "{path} est surveillé sur cet ordinateur parce que {place} le demande."
        ),
        "The machine-wide configuration {path} is not valid TOML.": (
            "La configuration de l’ordinateur, {path}, n’est pas du TOML valide."
        ),
        "Whoever looks after this machine can correct it.": (
            "La personne qui gère cet ordinateur peut la corriger."
        ),
        "Whoever looks after this machine can change that.": (
            "La personne qui gère cet ordinateur peut changer cela."
        ),
    }
)
