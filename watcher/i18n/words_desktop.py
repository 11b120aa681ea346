"""The French of tray and notifications; what the page says as well stands in ``words_page``."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FRENCH: Final[Mapping[str, str]] = MappingProxyType(
    {
        # The first line
        "Up to date": "À jour",
        "{files} today": "{files} aujourd’hui",
        "Uploading {done} of {total}": "Envoi {done} sur {total}",
        "Paused": "En pause",
        "Paused until {time}": "En pause jusqu’à {time}",
        "Paused until {day}": "En pause jusqu’au {day}",
        "Offline since {time}": "Hors ligne depuis {time}",
        "Offline since {day}": "Hors ligne depuis le {day}",
        "%Y-%m-%d %H:%M": "%d/%m/%Y à %H:%M",
        "{files} waiting": "{files} en attente",
        "1 file needs attention": "1 fichier demande votre attention",
        "{files} files need attention": "{files} fichiers demandent votre attention",
        "1 file is held back": "1 fichier est retenu",
        "{files} files are held back": "{files} fichiers sont retenus",
        "Uploads are held back": "Les envois sont retenus",
        "1 file waits for your yes": "1 fichier attend votre accord",
        "{files} files wait for your yes": "{files} fichiers attendent votre accord",
        "1 folder cannot be watched": "1 dossier ne peut pas être surveillé",
        "{folders} folders cannot be watched": "{folders} dossiers ne peuvent pas être surveillés",
        # The menu
        "Recent": "Récents",
        "Nothing yet": "Rien pour l’instant",
        "Needs attention": "Demande votre attention",
        "{files} more…": "{files} de plus…",
        "No reason was given": "Aucune raison n’a été donnée",
        "Retry all": "Tout réessayer",
        "Try again now": "Réessayer maintenant",
        "Upload existing files…": "Envoyer les fichiers déjà présents…",
        "Yes, upload 1 file of {folder}": "Oui, envoyer 1 fichier de {folder}",
        "Yes, upload {files} files of {folder}": "Oui, envoyer {files} fichiers de {folder}",
        "For 1 hour": "Pendant 1 heure",
        "Set up…": "Configurer…",
        "Help": "Aide",
        "Look for problems": "Chercher les problèmes",
        "Show the log": "Afficher le journal",
        "About hrflow-watcher {version}": "À propos de hrflow-watcher {version}",
        "Quit": "Quitter",
        # Messages
        "1 file was not accepted": "1 fichier n’a pas été accepté",
        "{files} files were not accepted": "{files} fichiers n’ont pas été acceptés",
        "{names} and {files} more": "{names} et {files} de plus",
        "The first CV has arrived": "Le premier CV est arrivé",
        "From now on every file in your folders goes to HrFlow by itself.": (
            "Désormais, chaque fichier de vos dossiers part de lui-même vers HrFlow."
        ),
        "All {files} files are through": "Les {files} fichiers sont traités",
        "{files} have arrived.": "{files} sont arrivés.",
        "HrFlow cannot be reached since {time}": "HrFlow est injoignable depuis {time}",
        "HrFlow cannot be reached since {day}": "HrFlow est injoignable depuis le {day}",
        "{file}: {why}": "{file} : {why}",
        "{files} files wait; they go by themselves.": (
            "{files} fichiers attendent ; ils partiront d’eux-mêmes."
        ),
        "Show": "Afficher",
        # Where there is no icon
        "There is no icon in the panel, as GNOME shows none by itself: install the extension"
        " AppIndicator and KStatusNotifierItem Support, and it appears.": (
            "Il n’y a pas d’icône dans la barre, car GNOME n’en montre pas de lui-même : installez"
            " l’extension AppIndicator and KStatusNotifierItem Support, et elle apparaîtra."
        ),
        "There is no icon, as this desktop has no place for one; it appears once a panel with a"
        " system tray runs. Everything else works without.": (
            "Il n’y a pas d’icône, car ce bureau n’a pas de place pour elle ; elle apparaîtra dès"
            " qu’une barre avec zone de notification sera là. Tout le reste fonctionne sans elle."
        ),
    }
)
