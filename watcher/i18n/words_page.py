"""The activity page's texts in French."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FRENCH: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Places and parts of the page.
        "probably {person}": "probablement {person}",
        "only the first {pages} of {total} pages are parsed": (
            "seules les {pages} premières pages sur {total} sont analysées"
        ),
        "uploaded, result unknown yet": "envoyé, résultat pas encore connu",
        "Skip to the content": "Aller au contenu",
        "Pages": "Pages",
        "Activity": "Activité",
        "Folders": "Dossiers",
        "Health": "Santé",
        "Set-up": "Configuration",
        "Set up": "Configurer",
        "Counts": "Nombres",
        "Arrived per day": "Arrivés par jour",
        "Arrived in {days} days: {files}; today: {today}.": (
            "Arrivés en {days} jours : {files} ; aujourd’hui : {today}."
        ),
        "running since {time}": "en marche depuis {time}",
        "This page needs JavaScript, which is its own and stays on this machine.": (
            "Cette page a besoin de JavaScript ; il est le sien et ne quitte pas cet ordinateur."
        ),
        "This link was used already, or is too old.": "Ce lien a déjà servi, ou est trop ancien.",
        "The program does not answer. Has it ended?": (
            "Le programme ne répond pas. Est-il terminé ?"
        ),
        # Pausing.
        "Pause": "Pause",
        "Pause…": "Pause…",
        "1 hour": "1 heure",
        "Until tomorrow": "Jusqu’à demain",
        "Until resumed": "Jusqu’à la reprise",
        "Resume": "Reprendre",
        # Groups and states.
        "all": "tous",
        "today": "aujourd’hui",
        "Arrived": "Arrivés",
        "On the way": "En route",
        "Need attention": "À voir",
        "Not sent": "Non envoyés",
        "noticed": "remarqué",
        "ignored": "ignoré",
        "duplicate": "doublon",
        "there before": "déjà là",
        "queued": "en file",
        "waiting": "en attente",
        "held": "retenu",
        "uploading": "en cours d’envoi",
        "checking": "en vérification",
        "sent": "envoyé",
        "parsed": "analysé",
        "not parsed": "non analysé",
        "refused": "refusé",
        "gone": "disparu",
        "has the same content as {file}": "a le même contenu que {file}",
        "a file sent before": "un fichier déjà envoyé",
        "is ignored because you said so": "est ignoré parce que vous l’avez dit",
        "tried again because you said so": "réessayé parce que vous l’avez dit",
        "lies in {place}: put it back into the folder, then it is looked at again": (
            "se trouve dans {place} : remettez-le dans le dossier, il sera examiné de nouveau"
        ),
        "vanished before it was sent": "a disparu avant d’être envoyé",
        "has the same content": "a le même contenu",
        "is not whole yet": "n’est pas encore complet",
        "asking whether it arrived": "on demande s’il est arrivé",
        # The list.
        "Search": "Chercher",
        "File, candidate or reference": "Fichier, candidat ou référence",
        "CSV": "CSV",
        "Files, the latest change first": "Fichiers, du changement le plus récent au plus ancien",
        "Choose all on this page": "Choisir tous ceux de cette page",
        "Choose {file}": "Choisir {file}",
        "Chosen: {files}": "Sélection : {files}",
        "and all others with this reason": "et tous les autres qui ont cette raison",
        "None": "Aucun",
        "State": "État",
        "File": "Fichier",
        "Candidate": "Candidat",
        "Source": "Source",
        "Tags": "Étiquettes",
        "Type": "Type",
        "Size": "Taille",
        "{number} B": "{number} o",
        "{what}: {text}": "{what} : {text}",
        "Took": "Durée",
        "How long its upload took, without what it waited before": (
            "Durée de l’envoi lui-même, sans l’attente qui l’a précédé"
        ),
        "Arrived after": "Arrivé après",
        "Upload took": "Durée de l’envoi",
        "Parsing took": "Durée de l’analyse",
        "Reference": "Référence",
        "Profile": "Profil",
        "When": "Quand",
        "Newer": "Plus récents",
        "Older": "Plus anciens",
        "Page {page}": "Page {page}",
        "No file fits.": "Aucun fichier ne correspond.",
        "No file was uploaded from here so far.": "Aucun fichier n’a encore été envoyé d’ici.",
        # What can be done.
        "Retry": "Réessayer",
        "Ignore": "Ignorer",
        "Try again": "Réessayer",
        "Upload them": "Les envoyer",
        "Open folder": "Ouvrir le dossier",
        "{shown} of {folders} folders are opened; all at once would be too many.": (
            "{shown} dossiers sur {folders} sont ouverts ; tous à la fois, ce serait trop."
        ),
        "Close": "Fermer",
        "1 file": "1 fichier",
        "{files} files": "{files} fichiers",
        "Ignore 1 file?": "Ignorer 1 fichier ?",
        "Ignore {files} files?": "Ignorer {files} fichiers ?",
        "1 file goes on its way.": "1 fichier se met en route.",
        "{files} files go on their way.": "{files} fichiers se mettent en route.",
        "1 file is tried again.": "1 fichier est réessayé.",
        "{files} files are tried again.": "{files} fichiers sont réessayés.",
        "1 file is ignored.": "1 fichier est ignoré.",
        "{files} files are ignored.": "{files} fichiers sont ignorés.",
        "Not possible for: {files}": "Impossible pour : {files}",
        # Details.
        "Its story": "Son histoire",
        "Folder": "Dossier",
        "Account": "Compte",
        "Attempts": "Essais",
        "Tried again": "Réessayé",
        "Filed away to": "Rangé dans",
        "Fingerprint": "Empreinte",
        # Folders and rules.
        "Folders and rules in force": "Dossiers et règles en vigueur",
        "What would happen to this file?": "Que deviendrait ce fichier ?",
        "The file with its whole path": "Le fichier avec son chemin complet",
        "Ask": "Demander",
        "Look through all folders now": "Parcourir tous les dossiers maintenant",
        "All folders are looked through.": "Tous les dossiers sont parcourus.",
        "No folder is watched.": "Aucun dossier n’est surveillé.",
        "Folders inside": "Sous-dossiers",
        "too": "aussi",
        "not": "non",
        "Largest file": "Fichier le plus grand",
        "Rules; the first that fits decides": "Règles ; la première qui convient décide",
        "rule {number}": "règle {number}",
        "would be sent": "serait envoyé",
        "missing": "absent",
        "not watched": "non surveillé",
        "sent already": "déjà envoyé",
        "not sent": "non envoyé",
        "is not there; check the spelling": "n’est pas là ; vérifiez l’orthographe",
        "lies in none of the watched folders": "n’est dans aucun des dossiers surveillés",
        "is a folder; name the files in it": "est un dossier ; nommez ses fichiers",
        "was sent before and is not sent again": "a déjà été envoyé et ne l’est pas de nouveau",
        # Health.
        "Examine again": "Examiner de nouveau",
        "Looking…": "On regarde…",
        "ok": "bien",
        "warning": "avertissement",
        "error": "erreur",
        "skipped": "non regardé",
        "{what} of {account}": "{what} de {account}",
        "Program": "Programme",
        "Configuration": "Configuration",
        "Changes": "Changements",
        "Limits": "Limites",
        "Journal": "Journal",
        "Disk space": "Espace disque",
        "Keyring": "Trousseau",
        "HrFlow": "HrFlow",
        "DNS": "DNS",
        "Proxy": "Serveur mandataire",
        "TLS": "TLS",
        "Clock": "Horloge",
        "Webhook": "Webhook",
        "Command for parsed files": "Commande pour les fichiers analysés",
        "Command for refused files": "Commande pour les fichiers refusés",
        "Login service": "Démarrage à la connexion",
        "Tray": "Zone de notification",
        # Set-up.
        "Not set up yet": "Pas encore configuré",
        "The configuration has mistakes": "La configuration comporte des erreurs",
        "1. Account": "1. Compte",
        "2. Folders": "2. Dossiers",
        "3. Look and write": "3. Regarder et écrire",
        "Email of your HrFlow account": "Adresse e-mail de votre compte HrFlow",
        "API key": "Clé d’API",
        "Leave it empty to keep the one that is stored. It goes into this system's keyring and "
        "nowhere else.": (
            "Laissez vide pour garder celle qui est enregistrée. Elle va dans le trousseau de ce "
            "système, et nulle part ailleurs."
        ),
        "Another address of HrFlow's API": "Une autre adresse de l’API de HrFlow",
        "Address": "Adresse",
        "Try the key": "Essayer la clé",
        "HrFlow takes the key.": "HrFlow accepte la clé.",
        "The key cannot be tried: it may only write.": (
            "La clé ne peut être essayée : elle ne permet que d’écrire."
        ),
        "Another folder": "Un autre dossier",
        "Folder to watch": "Dossier à surveiller",
        "Its key; or try the API key to choose it by name": (
            "Sa clé ; ou essayez la clé d’API pour la choisir par son nom"
        ),
        "Choose…": "Choisir…",
        "Set for this machine": "Réglé pour cet ordinateur",
        "A file that has arrived": "Un fichier arrivé",
        "stays where it is": "reste où il est",
        "moves to the folder Sent": "va dans le dossier Sent",
        "goes to the trash": "va à la corbeille",
        "Remove": "Retirer",
        "Show what changes": "Montrer ce qui change",
        "Save": "Enregistrer",
        "What changes in the configuration": "Ce qui change dans la configuration",
        "Nothing changes.": "Rien ne change.",
        "Start the program at every login": "Démarrer le programme à chaque connexion",
        "Saved; it is in force.": "Enregistré ; c’est en vigueur.",
        "All is set up but for the key, which is not kept:": (
            "Tout est configuré sauf la clé, qui n’est pas conservée :"
        ),
        "Watch it no more…": "Ne plus le surveiller…",
        "Watch it no more": "Ne plus le surveiller",
        "Watch {folder} no more?": "Ne plus surveiller {folder} ?",
        "{folder} is not watched any more.": "{folder} n’est plus surveillé.",
        "Keep it": "Continuer à le surveiller",
        "Nothing on the disk is removed, nor what the history tells of its files.": (
            "Rien n’est supprimé du disque, ni de ce que l’historique dit de ses fichiers."
        ),
        "1 of its files is not sent yet, and will not be.": (
            "1 de ses fichiers n’est pas encore envoyé, et ne le sera pas."
        ),
        "{files} of its files are not sent yet, and will not be.": (
            "{files} de ses fichiers ne sont pas encore envoyés, et ne le seront pas."
        ),
        "is looked at again, as the settings of its folder have changed": (
            "est examiné de nouveau, car les réglages de son dossier ont changé"
        ),
        "is not sent, as its folder is not watched any more": (
            "n’est pas envoyé, car son dossier n’est plus surveillé"
        ),
        "4. See it work": "4. Voir le résultat",
        "A made-up CV is put into the folder, so that you see it arrive. It becomes a profile in "
        "HrFlow, which may cost.": (
            "Un CV inventé est déposé dans le dossier, pour que vous le voyiez arriver. Il devient"
            " un profil dans HrFlow, ce qui peut être facturé."
        ),
        "Send a test CV": "Envoyer un CV d’essai",
        "Everything about this file": "Tout sur ce fichier",
        "It has arrived in {source}.": "Il est arrivé dans {source}.",
        "It is still on its way; the list of files shows what becomes of it.": (
            "Il est encore en route ; la liste des fichiers montre ce qu’il devient."
        ),
        "This machine has no keyring.": "Cet ordinateur n’a pas de trousseau.",
        "{why} Put the key into {place}, and start the program anew.": (
            "{why} Mettez la clé dans {place}, puis redémarrez le programme."
        ),
        "{why} The key comes from {origin}: another one goes there, and then start the program"
        " anew.": (
            "{why} Le programme lit la clé ici : {origin}. Mettez-y une autre clé si besoin, puis"
            " redémarrez le programme."
        ),
    }
)
