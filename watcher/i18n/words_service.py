"""What the doctor finds of the program that is, or is not, started at login and runs, in French."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FRENCH: Final[Mapping[str, str]] = MappingProxyType(
    {
        # The login service.
        "the program does not start at login": "le programme ne démarre pas à la connexion",
        "the program runs, but does not start at login": (
            "le programme est en marche, mais ne démarre pas à la connexion"
        ),
        "Have it started with: hrflow-watcher service install.": (
            "Faites-le démarrer avec : hrflow-watcher service install."
        ),
        "it is installed ({kind}) and does not run": (
            "il est installé ({kind}) et n’est pas en marche"
        ),
        "it is installed ({kind}) and does not run: {why}": (
            "il est installé ({kind}) et n’est pas en marche : {why}"
        ),
        "it ended with exit code {code}": "il s’est terminé avec le code {code}",
        "it ended with exit code {code} ({why})": "il s’est terminé avec le code {code} ({why})",
        "mistakes in the configuration": "erreurs dans la configuration",
        "another version was installed": "une autre version a été installée",
        "it was running already": "il était déjà en marche",
        "no usable API key": "pas de clé d’API utilisable",
        "the journal or the program's own folder cannot be used": (
            "le journal ou le dossier du programme est inutilisable"
        ),
        "systemd cannot run the program: it is not where it was installed": (
            "systemd ne peut pas lancer le programme : il n’est plus là où il a été installé"
        ),
        "systemd cannot give it a user of its own": (
            "systemd ne peut pas lui donner un utilisateur à lui"
        ),
        "systemd cannot take its rights away": "systemd ne peut pas lui retirer ses droits",
        "systemd cannot shut it off from the rest of the disk": (
            "systemd ne peut pas l’isoler du reste du disque"
        ),
        "systemd cannot read the credential that LoadCredential= names": (
            "systemd ne peut pas lire l’identifiant que LoadCredential= indique"
        ),
        "Start it with: hrflow-watcher service start. More is said by: {command}": (
            "Démarrez-le avec : hrflow-watcher service start. Pour en savoir plus : {command}"
        ),
        "it runs, but was switched off for the next login ({kind})": (
            "il est en marche, mais a été désactivé pour la prochaine connexion ({kind})"
        ),
        "Switch it on with: hrflow-watcher service install.": (
            "Réactivez-le avec : hrflow-watcher service install."
        ),
        "it runs, but was installed for another version or other folders ({kind})": (
            "il est en marche, mais a été installé pour une autre version ou d’autres dossiers"
            " ({kind})"
        ),
        "Bring it up to date with: hrflow-watcher service install.": (
            "Mettez-le à jour avec : hrflow-watcher service install."
        ),
        "it starts at every login ({kind}) and runs": (
            "il démarre à chaque connexion ({kind}) et est en marche"
        ),
        # A key that only the running program has.
        "the running program has it from {what}": "le programme en marche l’a : {what}",
        "the running program does not reach HrFlow": (
            "le programme en marche ne peut pas joindre HrFlow"
        ),
        "the running program keeps all files back: {why}": (
            "le programme en marche retient tous les fichiers : {why}"
        ),
        "If it is the key, put the right one where the program has it from, and start the program"
        " anew.": (
            "Si c’est la clé, mettez la bonne là où le programme la trouve, puis redémarrez le"
            " programme."
        ),
        "nothing keeps the running program from uploading; what HrFlow says of its key cannot be"
        " asked from here": (
            "rien n’empêche le programme en marche d’envoyer ; on ne peut pas demander d’ici ce que"
            " HrFlow dit de sa clé"
        ),
        "only the running program has the key": "seul le programme en marche a la clé",
        # What only a new start helps against.
        "The keyring cannot be asked ({exception}).": (
            "Le trousseau ne peut pas être interrogé ({exception})."
        ),
        "Start the program anew; if that does not help, put the key somewhere else.": (
            "Redémarrez le programme ; si cela n’aide pas, mettez la clé ailleurs."
        ),
    }
)
