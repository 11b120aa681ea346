"""What a file is, as its content says, and what the system says of an error; in French."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FRENCH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "nothing this program knows": "rien que ce programme connaisse",
        "an empty file": "un fichier vide",
        "a PDF document": "un document PDF",
        "an RTF document": "un document RTF",
        "a web page": "une page web",
        "a text file": "un fichier texte",
        "an XML file": "un fichier XML",
        "an SVG drawing": "un dessin SVG",
        "a PostScript file": "un fichier PostScript",
        "a PNG image": "une image PNG",
        "a JPEG image": "une image JPEG",
        "a BMP image": "une image BMP",
        "a program": "un programme",
        "a shortcut to another file": "un raccourci vers un autre fichier",
        "a zip archive": "une archive zip",
        "a Word document": "un document Word",
        "a Word template": "un modèle Word",
        "a Word document with macros": "un document Word avec macros",
        "a Word template with macros": "un modèle Word avec macros",
        "a PowerPoint presentation": "une présentation PowerPoint",
        "a PowerPoint slide show": "un diaporama PowerPoint",
        "a PowerPoint template": "un modèle PowerPoint",
        "a PowerPoint presentation with macros": "une présentation PowerPoint avec macros",
        "an Excel workbook": "un classeur Excel",
        "an Excel workbook with macros": "un classeur Excel avec macros",
        "an OpenDocument text": "un texte OpenDocument",
        "an OpenDocument text template": "un modèle de texte OpenDocument",
        "an OpenDocument presentation": "une présentation OpenDocument",
        "an OpenDocument spreadsheet": "une feuille de calcul OpenDocument",
        "an electronic book": "un livre électronique",
        "an Apple iWork document": "un document Apple iWork",
        "an Outlook message": "un message Outlook",
        "a password-protected Office document": "un document Office protégé par mot de passe",
        "an Office file of an unknown kind": "un fichier Office de type inconnu",
        "a GIF image": "une image GIF",
        "a TIFF image": "une image TIFF",
        "a WebP image": "une image WebP",
        "a HEIC photo": "une photo HEIC",
        "an AVIF image": "une image AVIF",
        "a Photoshop image": "une image Photoshop",
        "a 7-Zip archive": "une archive 7-Zip",
        "a RAR archive": "une archive RAR",
        "a gzip archive": "une archive gzip",
        "a tar archive": "une archive tar",
        "a bzip2 archive": "une archive bzip2",
        "an xz archive": "une archive xz",
        "a Zstandard archive": "une archive Zstandard",
        "a cabinet archive": "une archive cabinet",
        "an image": "une image",
        "a video": "une vidéo",
        "a sound file": "un fichier audio",
        "a font": "une police",
        "a file": "un fichier",
        "{what} of the kind {extension}": "{what} de type {extension}",
    }
)

#: What stands between several of a kind.
JOINTS: Final[Mapping[str, str]] = MappingProxyType({" and ": " et ", " or ": " ou "})
#: What systems call the usual errors. They are only known inside of a sentence of ours.
SYSTEM: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Permission denied": "permission refusée",
        "Operation not permitted": "opération non permise",
        "No such file or directory": "fichier ou dossier introuvable",
        "Not a directory": "n’est pas un dossier",
        "Is a directory": "est un dossier",
        "File exists": "existe déjà",
        "File name too long": "nom trop long",
        "No space left on device": "plus de place sur le disque",
        "Disk quota exceeded": "quota de disque dépassé",
        "Read-only file system": "système de fichiers en lecture seule",
        "Input/output error": "erreur d’entrée/sortie",
        "Too many open files": "trop de fichiers ouverts",
        "Device or resource busy": "ressource occupée",
        "Host is down": "la machine est éteinte",
        "No route to host": "aucune route vers la machine",
        "Network is unreachable": "réseau injoignable",
        "Connection refused": "connexion refusée",
        "Connection reset by peer": "connexion interrompue",
        "Connection timed out": "délai dépassé",
        "Stale file handle": "partage réseau périmé",
        "Transport endpoint is not connected": "partage déconnecté",
        "Address already in use": "adresse déjà utilisée",
        "Name or service not known": "nom inconnu",
        "Temporary failure in name resolution": "la résolution des noms échoue pour l’instant",
        "No address associated with hostname": "aucune adresse pour ce nom",
        "certificate has expired": "certificat expiré",
        "self-signed certificate": "certificat auto-signé",
        "unable to get local issuer certificate": "émetteur inconnu",
        "database disk image is malformed": "base de données abîmée",
        "file is not a database": "pas une base de données",
        "database is locked": "base de données verrouillée",
        "database or disk is full": "disque plein",
        "attempt to write a readonly database": "base de données en lecture seule",
        "disk I/O error": "erreur d’entrée/sortie du disque",
    }
)
