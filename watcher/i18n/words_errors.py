"""What cannot be done and what a person can do about it, in French: folders, keys, page, set-up."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FRENCH: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Watched folders.
        "{path} does not exist; it will be watched as soon as it is there.": (
            "{path} n’existe pas ; il sera surveillé dès qu’il sera là."
        ),
        "{path} cannot be reached ({error}); it is tried again.": (
            "{path} est inaccessible ({error}) ; un nouvel essai suivra."
        ),
        "{path} has become a link, and links are not followed; put the folder back or give the"
        " link's target in the configuration.": (
            "{path} est devenu un lien, et les liens ne sont pas suivis ; remettez le dossier, ou"
            " indiquez la cible du lien dans la configuration."
        ),
        "{path} is not a folder; it will be watched as soon as it is one.": (
            "{path} n’est pas un dossier ; il sera surveillé dès que c’en sera un."
        ),
        "{path} cannot be read; give this user the right to list and open it.": (
            "{path} ne peut pas être lu ; donnez à cet utilisateur le droit de le parcourir et de"
            " l’ouvrir."
        ),
        "In {path}, {file} cannot be read; give this user the right to read it.": (
            "Dans {path}, {file} est illisible ; donnez à cet utilisateur le droit de lecture."
        ),
        "In {path}, {file} and {more} more cannot be read; give this user the right to read it.": (
            "Dans {path}, {file} et {more} de plus sont illisibles ; donnez à cet utilisateur le"
            " droit de lecture."
        ),
        "{why}; {path} is looked through every {seconds} seconds meanwhile.": (
            "{why} ; en attendant, {path} est parcouru toutes les {seconds} secondes."
        ),
        "The system's limit of watched directories ({number}) is reached: raise"
        " fs.inotify.max_user_watches": (
            "La limite de dossiers surveillés du système ({number}) est atteinte : augmentez"
            " fs.inotify.max_user_watches"
        ),
        "The system's limit of watching programs ({number}) is reached: raise"
        " fs.inotify.max_user_instances": (
            "La limite de programmes surveillants du système ({number}) est atteinte : augmentez"
            " fs.inotify.max_user_instances"
        ),
        "The system does not tell of changes ({error})": (
            "Le système ne signale pas les changements ({error})"
        ),
        # Keys.
        "There is no API key for account {account}.": (
            "Il n’y a pas de clé d’API pour le compte {account}."
        ),
        "Store it with: hrflow-watcher login{option}. A machine without a keyring takes it from"
        " {what}.": (
            "Enregistrez-la avec : hrflow-watcher login{option}. Sur un ordinateur sans trousseau,"
            " le programme la lit ici : {what}."
        ),
        "The key of account {account} is waiting for the keyring to be unlocked.": (
            "La clé du compte {account} attend que le trousseau soit déverrouillé."
        ),
        "The key of account {account} is {what}.": "La clé du compte {account} est {what}.",
        "waiting for the keyring to be unlocked": "en attente du déverrouillage du trousseau",
        "Unlock it; the uploads go on by themselves.": (
            "Déverrouillez-le ; les envois reprendront d’eux-mêmes."
        ),
        "Unlock it and try again.": "Déverrouillez-le et réessayez.",
        "The credential {path} cannot be read ({error}).": (
            "L’identifiant {path} ne peut pas être lu ({error})."
        ),
        "Give this user the right to read it.": "Donnez à cet utilisateur le droit de le lire.",
        "There is no secret for the webhook.": "Il n’y a pas de secret pour le webhook.",
        "Store it with: hrflow-watcher login --webhook.": (
            "Enregistrez-le avec : hrflow-watcher login --webhook."
        ),
        "This machine has no keyring, so the key of account {account} is not kept.": (
            "Cet ordinateur n’a pas de trousseau ; la clé du compte {account} n’est donc pas"
            " conservée."
        ),
        "Start GNOME Keyring or KWallet, or put the key into {what}.": (
            "Démarrez GNOME Keyring ou KWallet, ou mettez la clé dans {what}."
        ),
        "The keyring ({what}) has not kept the key of account {account}.": (
            "Le trousseau ({what}) n’a pas conservé la clé du compte {account}."
        ),
        "Use another keyring, or put the key into {what}.": (
            "Utilisez un autre trousseau, ou mettez la clé dans {what}."
        ),
        "the systemd credential {key} or the environment variable {variable}": (
            "l’identifiant systemd {key} ou la variable d’environnement {variable}"
        ),
        "This machine's keyring ({what}) keeps keys as plain text, which everybody can read who"
        " can read your files, so it is not used.": (
            "Le trousseau de cet ordinateur ({what}) garde les clés en clair, lisibles par"
            " quiconque peut lire vos fichiers ; il n’est donc pas utilisé."
        ),
        "Start GNOME Keyring or KWallet, or put the key into {what}, or write"
        " allow_insecure_keyring = true at the top of the configuration if that is what you"
        " want.": (
            "Démarrez GNOME Keyring ou KWallet, ou mettez la clé dans {what}, ou écrivez"
            " allow_insecure_keyring = true en tête de la configuration si c’est ce que vous"
            " voulez."
        ),
        "the keyring of the desktop (Secret Service)": "le trousseau du bureau (Secret Service)",
        "the Keychain": "le Trousseau d’accès",
        "the Credential Manager": "le Gestionnaire d’identification",
        "The keyring does not give the key": "Le trousseau ne donne pas la clé",
        "The keyring does not take the key": "Le trousseau ne prend pas la clé",
        "The keyring does not remove the key": "Le trousseau n’efface pas la clé",
        "{what} of account {account} ({error}).": "{what} du compte {account} ({error}).",
        "Mend it, or put the key into {what}.": "Réparez-le, ou mettez la clé dans {what}.",
        "This key may only read, so it cannot upload.": (
            "Cette clé ne permet que de lire : elle ne peut rien envoyer."
        ),
        "Take one that may write (ask_… or askw_…) from HrFlow's settings under API keys.": (
            "Prenez, dans les réglages de HrFlow sous « API keys », une clé qui permet d’écrire"
            " (ask_… ou askw_…)."
        ),
        "Take one that may write from HrFlow's settings under API keys.": (
            "Prenez, dans les réglages de HrFlow sous « API keys », une clé qui permet d’écrire."
        ),
        "There is no API key in what was given.": "Il n’y a pas de clé d’API dans votre saisie.",
        "Copy it from HrFlow.": "Copiez-la depuis HrFlow.",
        "This is no API key: there are spaces, line breaks or special characters inside it.": (
            "Ce n’est pas une clé d’API : elle contient des espaces, des sauts de ligne ou des"
            " caractères spéciaux."
        ),
        "Copy it from HrFlow again, alone and whole.": (
            "Copiez-la de nouveau depuis HrFlow, seule et entière."
        ),
        # HrFlow's answers to questions of ours.
        "HrFlow does not take this key: {message}": "HrFlow n’accepte pas cette clé : {message}",
        "Check the email and the key in HrFlow's settings under API keys.": (
            "Vérifiez l’adresse e-mail et la clé dans les réglages de HrFlow, sous « API keys »."
        ),
        "HrFlow says ({code}): {message}": "HrFlow dit ({code}) : {message}",
        "HrFlow answered, but not with a source.": "HrFlow a répondu, mais pas par une source.",
        "Try it again later.": "Réessayez plus tard.",
        "Check the network, the proxy and api_url, then try again.": (
            "Vérifiez le réseau, le serveur mandataire et « api_url », puis réessayez."
        ),
        "Check api_url and the network, then try again.": (
            "Vérifiez « api_url » et le réseau, puis réessayez."
        ),
        "The name {host} is not found ({error}).": "Le nom {host} est introuvable ({error}).",
        "No connection with TLS comes about ({error}).": (
            "Aucune connexion TLS ne s’établit ({error})."
        ),
        "The way through a proxy of the kind {kind} cannot be looked at.": (
            "Le passage par un serveur mandataire de type {kind} ne peut pas être examiné."
        ),
        # The journal.
        "The journal {path} cannot be used ({error}).": (
            "Le journal {path} est inutilisable ({error})."
        ),
        "The journal cannot be used ({error}).": "Le journal est inutilisable ({error}).",
        "Check that its folder can be written to and that the disk is not full.": (
            "Vérifiez que son dossier est accessible en écriture et que le disque n’est pas plein."
        ),
        "The journal {path} is damaged ({error}).": "Le journal {path} est abîmé ({error}).",
        "The journal is damaged ({error}).": "Le journal est abîmé ({error}).",
        "Run the program: it sets it aside and builds a new one by looking through the folders.": (
            "Lancez le programme : il le met de côté et en refait un en parcourant les dossiers."
        ),
        "There is no journal at {path} yet.": "Il n’y a pas encore de journal dans {path}.",
        "Nothing has run so far.": "Le programme n’a pas encore servi.",
        "The journal {path} was written by an older hrflow-watcher.": (
            "Le journal {path} a été écrit par un hrflow-watcher plus ancien."
        ),
        "Start the program once: it brings the journal up to date.": (
            "Démarrez le programme une fois : il met le journal à jour."
        ),
        "The journal {path} was written by a newer hrflow-watcher than this one.": (
            "Le journal {path} a été écrit par un hrflow-watcher plus récent que celui-ci."
        ),
        "Install the newer one again: an older one cannot know what the newer one has noted.": (
            "Réinstallez le plus récent : un plus ancien ne peut pas savoir ce que l’autre a noté."
        ),
        "The journal {path} was removed while it was in use.": (
            "Le journal {path} a été supprimé pendant son utilisation."
        ),
        # Orders of the page.
        "This file is not known any more.": "Ce fichier n’est plus connu.",
        "Look for it in the list.": "Cherchez-le dans la liste.",
        "This file is not there any more.": "Ce fichier n’est plus là.",
        'There is no state "{value}".': "Il n’y a pas d’état « {value} ».",
        "This page of the list does not exist.": "Cette page de la liste n’existe pas.",
        "This folder is not watched.": "Ce dossier n’est pas surveillé.",
        "The new configuration is not used: {why}": (
            "La nouvelle configuration n’est pas utilisée : {why}"
        ),
        "the new configuration is not used: {what}": (
            "la nouvelle configuration n’est pas utilisée : {what}"
        ),
        # Folders, and a test CV, in the page.
        "{path} is not a watched folder.": "{path} n’est pas un dossier surveillé.",
        "{path} is not watched any more.": "{path} n’est plus surveillé.",
        "Load this page again.": "Rechargez cette page.",
        "These are watched: {names}.": "Dossiers surveillés : {names}.",
        "{path} is there already, and is not the made-up CV.": (
            "{path} est déjà là, et n’est pas le CV fictif."
        ),
        "Give it another name.": "Donnez-lui un autre nom.",
        "Nothing can be put into {path} ({error}).": "Rien ne peut être mis dans {path} ({error}).",
        "A time is a number of seconds.": "Un instant s’indique en secondes.",
        "Nothing is held back by that any more.": "Plus rien n’est retenu pour cela.",
        "No file was named.": "Aucun fichier n’a été nommé.",
        "A pause lasts a number of seconds.": "Une pause dure un nombre de secondes.",
        "A pause lasts up to a year.": "Une pause dure un an au plus.",
        "Files are named by their numbers.": "Les fichiers sont désignés par leur numéro.",
        "{key} is a text.": "{key} est un texte.",
        "{key} is a short text.": "{key} est un texte court.",
        "Name a file.": "Indiquez un fichier.",
        "Name the file with its whole path.": "Indiquez le fichier avec son chemin complet.",
        "There is no such place in the page.": "Cet endroit n’existe pas dans la page.",
        "This is no order.": "Ce n’est pas un ordre.",
        "Something unexpected happened ({error}).": "Un imprévu s’est produit ({error}).",
        "This address is not one of this program.": "Cette adresse n’est pas de ce programme.",
        "This program belongs to another user of this machine.": (
            "Ce programme est celui d’un autre utilisateur de cet ordinateur."
        ),
        "Requests of other pages are not answered.": (
            "Les demandes d’autres pages restent sans réponse."
        ),
        "The proof is missing.": "La preuve manque.",
        "Too many wrong tickets; wait.": "Trop de jetons erronés ; patientez.",
        "Open this page from the tray, or with: hrflow-watcher open": (
            "Ouvrez cette page depuis la zone de notification, ou avec : hrflow-watcher open"
        ),
        "Open this page with: hrflow-watcher open": (
            "Ouvrez cette page avec : hrflow-watcher open"
        ),
        # Set-up.
        "A folder to watch is missing.": "Il manque un dossier à surveiller.",
        "{path} is not a whole path.": "{path} n’est pas un chemin complet.",
        "Begin with / or ~.": "Commencez par / ou ~.",
        "Write tags like: office=Paris": "Écrivez les étiquettes ainsi : office=Paris",
        '"{value}" is no tag like office=Paris.': (
            "« {value} » n’est pas une étiquette comme office=Paris."
        ),
        "The email of the HrFlow account is missing.": (
            "L’adresse e-mail du compte HrFlow manque."
        ),
        '"{value}" is no email address.': "« {value} » n’est pas une adresse e-mail.",
        "{path} is named twice.": "{path} est indiqué deux fois.",
        "The source that the files of {path} go to is missing.": (
            "Il manque la source où vont les fichiers de {path}."
        ),
        "This is an API key, and not a source.": "C’est une clé d’API, et non une source.",
        "Name a source.": "Indiquez une source.",
        '"{value}" is no source key of 40 digits and letters a to f, and names cannot be looked up'
        " {how}.": (
            "« {value} » n’est pas une clé de source de 40 chiffres et lettres de a à f, et les"
            " noms ne peuvent pas être cherchés {how}."
        ),
        "without asking HrFlow": "sans interroger HrFlow",
        "with a write-only key": "avec une clé qui ne permet que d’écrire",
        "Copy the source's key from HrFlow.": "Copiez la clé de la source depuis HrFlow.",
        '{number} sources are called "{value}"; name one by its key: {names}.': (
            "{number} sources s’appellent « {value} » ; désignez-en une par sa clé : {names}."
        ),
        'This workspace has no source "{value}"': (
            "Cet espace de travail n’a pas de source « {value} »"
        ),
        'This workspace has no source "{value}".': (
            "Cet espace de travail n’a pas de source « {value} »."
        ),
        'The account "{value}" cannot be used.': "Le compte « {value} » est inutilisable.",
        "This folder cannot be watched: {why}.": "Ce dossier ne peut pas être surveillé : {why}.",
        "1 mistake": "1 erreur",
        "{number} mistakes": "{number} erreurs",
        "Nothing was written: {path} would have {what} (the lines are those of the new file).": (
            "Rien n’a été écrit : {path} aurait {what} (les lignes sont celles du nouveau fichier)."
        ),
        "Correct what is wrong, then try again.": "Corrigez ce qui ne va pas, puis réessayez.",
        "The folder {path} cannot be created ({error}).": (
            "Le dossier {path} ne peut pas être créé ({error})."
        ),
        "Create it yourself, or name another one.": "Créez-le vous-même, ou indiquez-en un autre.",
        "The configuration {path} was changed by somebody else meanwhile.": (
            "La configuration {path} a été changée par quelqu’un d’autre entre-temps."
        ),
        "Nothing was written; look at the change and try again.": (
            "Rien n’a été écrit ; regardez ce changement et réessayez."
        ),
        "A name that is not valid text cannot stand in the configuration.": (
            "Un nom qui n’est pas un texte valide ne peut pas figurer dans la configuration."
        ),
        "Rename it.": "Renommez-le.",
        "The configuration {path} cannot be written ({error}).": (
            "La configuration {path} ne peut pas être écrite ({error})."
        ),
        "It is as it was; give yourself the right to write it, or name another with --config.": (
            "Elle est inchangée ; donnez-vous le droit de l’écrire, ou indiquez-en une autre avec"
            " --config."
        ),
        "The configuration's {what} is written in a way that this program cannot change without"
        " touching what stands around it.": (
            "Dans la configuration, ce programme ne peut pas changer {what} sans toucher à ce qui"
            " l’entoure."
        ),
        'account "{value}"': "le compte « {value} »",
        "list of folders": "la liste des dossiers",
        "Change the file by hand.": "Changez le fichier à la main.",
        # The login service, which set-up installs.
        "{program} did not answer within {seconds} seconds.": (
            "{program} n’a pas répondu en {seconds} secondes."
        ),
        "{program} cannot be started ({error}).": "{program} ne peut pas être lancé ({error}).",
        "Start hrflow-watcher run by hand, or by other means of the system.": (
            "Lancez hrflow-watcher run à la main, ou par un autre moyen du système."
        ),
        "{program} failed with code {code}: {message}.": (
            "{program} a échoué avec le code {code} : {message}."
        ),
        "Mend that and try it again.": "Réparez cela et réessayez.",
        "{path} cannot be written ({error}).": "{path} ne peut pas être écrit ({error}).",
        "Give yourself the right to.": "Donnez-vous-en le droit.",
        "Windows would read something else into {path} than a path at login.": (
            "À la connexion, Windows ne lirait pas {path} comme un chemin."
        ),
        "Have the program, its configuration and its state in folders without % and $( in their"
        " names.": (
            "Mettez le programme, sa configuration et son état dans des dossiers sans % ni $( dans"
            " leur nom."
        ),
    }
)
