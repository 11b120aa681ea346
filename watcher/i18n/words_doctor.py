"""What the doctor finds, and what to do about it, in French; its labels: ``words_page``."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FRENCH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Have the quota raised at HrFlow, or wait until it begins anew; what waits is tried again"
        " by itself.": (
            "Faites augmenter le quota chez HrFlow, ou attendez son renouvellement ; ce qui attend"
            " sera réessayé de lui-même."
        ),
        # Any check.
        "not possible, because {why}": "impossible : {why}",
        "no answer came within {seconds} seconds": "aucune réponse en {seconds} secondes",
        "the check itself failed ({exception}: {error})": (
            "l’examen lui-même a échoué ({exception} : {error})"
        ),
        "Try it again; if it happens again, please report it.": (
            "Réessayez ; si cela se reproduit, merci de le signaler."
        ),
        # The program and its configuration.
        "hrflow-watcher {version}, Python {python} on {system}": (
            "hrflow-watcher {version}, Python {python} sous {system}"
        ),
        "{what}; it does not run, so no file is sent": (
            "{what} ; il n’est pas en marche : aucun fichier n’est envoyé"
        ),
        "Start it with: {command}.": "Démarrez-le avec : {command}.",
        "{what}; it runs (process {number})": "{what} ; il est en marche (processus {number})",
        "{what}; version {version} is still running (process {number})": (
            "{what} ; la version {version} est encore en marche (processus {number})"
        ),
        "It stops when the uploads under way are done, and the login service starts the new one."
        " Without a login service, start it again.": (
            "Elle s’arrête une fois les envois en cours terminés, et le service de session démarre"
            " la nouvelle. Sans service de session, redémarrez le programme."
        ),
        "the configuration is not usable": "la configuration est inutilisable",
        "{path} is fine: {what}": "{path} est correcte : {what}",
        "{path}, on top of {place}, is fine: {what}": (
            "{path}, ajoutée à {place}, est correcte : {what}"
        ),
        "{path} is fine: {what}; there is no configuration of your own": (
            "{path} est correcte : {what} ; vous n’avez pas de configuration à vous"
        ),
        "1 folder": "1 dossier",
        "{folders} folders": "{folders} dossiers",
        "{path} names no folder, so nothing is watched": (
            "{path} n’indique aucun dossier : rien n’est surveillé"
        ),
        "Put a [[folders]] table in it.": "Ajoutez-y une table [[folders]].",
        "Leave it if it is meant so.": "Laissez-le ainsi si c’est voulu.",
        # Folders.
        "{path} cannot be used": "{path} est inutilisable",
        "{path} does not exist": "{path} n’existe pas",
        "{path} is not there yet; the program makes it when it starts": (
            "{path} n’existe pas encore ; le programme le crée à son démarrage"
        ),
        "{path} was removed while the program runs, which makes it when it starts": (
            "{path} a été enlevé pendant que le programme est en marche ; il le crée à son"
            " démarrage"
        ),
        "Make it, or start the program anew.": "Créez-le, ou redémarrez le programme.",
        "the folder is not there yet": "le dossier n’existe pas encore",
        "{path} cannot be reached ({error})": "{path} est inaccessible ({error})",
        "{path} is not a folder": "{path} n’est pas un dossier",
        "{path} has become a link, and links are not followed": (
            "{path} est devenu un lien, et les liens ne sont pas suivis"
        ),
        "Put the folder back or give the link's target in the configuration.": (
            "Remettez le dossier, ou indiquez la cible du lien dans la configuration."
        ),
        "Give this user the right to list and open it.": (
            "Donnez à cet utilisateur le droit de le parcourir et de l’ouvrir."
        ),
        "Make it, connect its drive, or correct its path in the configuration.": (
            "Créez-le, connectez son lecteur, ou corrigez son chemin dans la configuration."
        ),
        "{file} cannot be read": "{file} est illisible",
        "{file} and {more} more cannot be read": "{file} et {more} de plus sont illisibles",
        "{path} can be read; it lies {what}": "{path} est lisible ; il se trouve {what}",
        "on a network file system": "sur un système de fichiers réseau",
        "on a local file system": "sur un système de fichiers local",
        "on a network file system ({kind})": "sur un système de fichiers réseau ({kind})",
        "on a local file system ({kind})": "sur un système de fichiers local ({kind})",
        'with watch = "poll"': 'réglé sur watch = "poll"',
        "{path} is looked through every {seconds} seconds, being {what}": (
            "{path} est parcouru toutes les {seconds} secondes, car il est {what}"
        ),
        "no file can be made in {path} ({error}), so that it cannot be tried whether one would be"
        " noticed": (
            "aucun fichier ne peut être créé dans {path} ({error}) ; on ne peut donc pas essayer si"
            " un fichier serait remarqué"
        ),
        "Give this user the right to write there; files cannot be filed away without it.": (
            "Donnez à cet utilisateur le droit d’y écrire ; sans lui, les fichiers ne peuvent pas"
            " être rangés."
        ),
        "the system does not tell of changes in {path} ({error}), so that it is looked through"
        " every {seconds} seconds": (
            "le système ne signale pas les changements dans {path} ({error}) ; il est donc parcouru"
            " toutes les {seconds} secondes"
        ),
        "See the limits below, or leave it if that is soon enough.": (
            "Voyez les limites ci-dessous, ou laissez ainsi si c’est assez rapide."
        ),
        "the system does not tell of a new file in {path}": (
            "le système ne signale pas un nouveau fichier dans {path}"
        ),
        'Set watch = "poll" for this folder in the configuration.': (
            'Réglez watch = "poll" pour ce dossier dans la configuration.'
        ),
        "{path} lies on a network file system, and files that come from other machines are noticed"
        " within the hour only": (
            "{path} est sur un système de fichiers réseau ; les fichiers venus d’autres ordinateurs"
            " ne sont remarqués que dans l’heure"
        ),
        'Set watch = "auto" for this folder in the configuration.': (
            'Réglez watch = "auto" pour ce dossier dans la configuration.'
        ),
        "a new file in {path} is noticed within {duration}": (
            "un nouveau fichier dans {path} est remarqué en {duration}"
        ),
        "this system has no limits of inotify": "ce système n’a pas de limites d’inotify",
        "1 directory is watched, and {what}": "1 dossier est surveillé, et {what}",
        "{directories} directories are watched, and {what}": (
            "{directories} dossiers sont surveillés, et {what}"
        ),
        "{used} of {total} watches are in use": "{used} surveillances sur {total} sont utilisées",
        "{used} of {total} watchers are in use": "{used} observateurs sur {total} sont utilisés",
        "which is not enough": "ce qui ne suffit pas",
        "which is nearly all": "ce qui est presque tout",
        "{what}, {how}; folders are looked through every few seconds where it is not": (
            "{what}, {how} ; sans cela, les dossiers sont parcourus toutes les quelques secondes"
        ),
        "Raise it: sudo sysctl fs.inotify.{key}={number}": (
            "Augmentez cette limite : sudo sysctl fs.inotify.{key}={number}"
        ),
        # Journal and disks.
        "{path} is damaged ({error})": "{path} est abîmé ({error})",
        "Start the program: it sets the journal aside and builds a new one by looking through the"
        " folders.": (
            "Démarrez le programme : il met le journal de côté et en refait un en parcourant les"
            " dossiers."
        ),
        "{path} is whole; it takes {size}": "{path} est intact ; il occupe {size}",
        "{size} free for {disks}": "{size} libres pour {disks}",
        "the journal": "le journal",
        "Make room: nothing is uploaded while the disk is full.": (
            "Faites de la place : rien n’est envoyé tant que le disque est plein."
        ),
        "Make room before it is full.": "Faites de la place avant qu’il soit plein.",
        "there is none yet, as nothing has run so far": (
            "il n’y en a pas encore, car le programme n’a pas encore servi"
        ),
        # Account, key, HrFlow.
        "{what} is used": "{what} est utilisé",
        "this machine has none": "cet ordinateur n’en a pas",
        "comes from {what}": "vient de {what}",
        "comes from the system's keyring": "vient du trousseau du système",
        "comes from {what} and does not look like one of HrFlow's": (
            "vient de {what} et ne ressemble pas à une clé de HrFlow"
        ),
        "comes from the system's keyring and does not look like one of HrFlow's": (
            "vient du trousseau du système et ne ressemble pas à une clé de HrFlow"
        ),
        "the system's keyring": "le trousseau du système",
        "{what} (the environment variable {variable} holds another key, which is not used)": (
            "{what} (la variable d’environnement {variable} contient une autre clé, qui n’est pas"
            " utilisée)"
        ),
        "{what} (the systemd credential is another key, which is not used)": (
            "{what} (l’identifiant systemd est une autre clé, qui n’est pas utilisée)"
        ),
        "the systemd credential": "l’identifiant systemd",
        "the environment variable {variable}": "la variable d’environnement {variable}",
        "Copy it from HrFlow again if it is not taken.": (
            "Copiez-la de nouveau depuis HrFlow si elle n’est pas acceptée."
        ),
        "the server has not answered": "le serveur n’a pas répondu",
        "there is no API key": "il n’y a pas de clé d’API",
        "Unlock the system's keyring.": "Déverrouillez le trousseau du système.",
        "the server's name is not found": "le nom du serveur est introuvable",
        "there is no safe connection to the server": "aucune connexion sûre avec le serveur",
        "HrFlow takes no file with it": "HrFlow n’accepte aucun fichier avec cette clé",
        "{key} is filled in for each file": "{key} est rempli pour chaque fichier",
        "{key} is not a source of this account ({why})": (
            "{key} n’est pas une source de ce compte ({why})"
        ),
        "Copy the source's key from HrFlow into the configuration.": (
            "Copiez la clé de la source depuis HrFlow dans la configuration."
        ),
        "takes the key": "accepte la clé",
        "takes the key of {team}": "accepte la clé de {team}",
        "{what}, which may only read, so that nothing can be uploaded": (
            "{what}, qui ne permet que de lire : rien ne peut être envoyé"
        ),
        "Make a key in HrFlow's settings that may write, and store it.": (
            "Créez dans les réglages de HrFlow une clé qui permet d’écrire, et enregistrez-la."
        ),
        "{what}, which may read and write": "{what}, qui permet de lire et d’écrire",
        "{what}, which may write": "{what}, qui permet d’écrire",
        "{what}, whose rights it calls {value}": "{what}, dont il nomme les droits {value}",
        "answers no questions with this key, as it may only write: whether it is right shows with"
        " the first upload": (
            "ne répond à aucune question avec cette clé, qui ne permet que d’écrire : on verra au"
            " premier envoi si elle est bonne"
        ),
        "Upload a file to be sure, and see what became of it with: hrflow-watcher history.": (
            "Envoyez un fichier pour en être sûr, et voyez ce qu’il devient avec : hrflow-watcher"
            " history."
        ),
        "a key that may only write gets no answers": (
            "une clé qui ne permet que d’écrire ne reçoit pas de réponse"
        ),
        "without a name ({key})": "sans nom ({key})",
        "{what} is archived in HrFlow, which may refuse its uploads": (
            "{what} est archivée dans HrFlow, qui peut refuser ses envois"
        ),
        "Restore it in HrFlow, or name another source in the configuration.": (
            "Restaurez-la dans HrFlow, ou indiquez une autre source dans la configuration."
        ),
        "{what} is disabled in HrFlow, which may refuse its uploads": (
            "{what} est désactivée dans HrFlow, qui peut refuser ses envois"
        ),
        "Enable it in HrFlow, or name another source in the configuration.": (
            "Activez-la dans HrFlow, ou indiquez une autre source dans la configuration."
        ),
        "{what} is in HrFlow's test environment, so what is uploaded there is not among your real"
        " candidates": (
            "{what} est dans l’environnement de test de HrFlow : ce qui y est envoyé n’est pas"
            " parmi vos vrais candidats"
        ),
        "Name another source in the configuration, unless you are testing.": (
            "Indiquez une autre source dans la configuration, sauf si vous faites un essai."
        ),
        "the API key has no access to {what} ({why})": (
            "la clé d’API n’a pas accès à {what} ({why})"
        ),
        "Give the key access to this source in HrFlow, or name another source in the"
        " configuration.": (
            "Donnez à la clé l’accès à cette source dans HrFlow, ou indiquez une autre source dans"
            " la configuration."
        ),
        "archived in HrFlow": "archivée dans HrFlow",
        "disabled in HrFlow": "désactivée dans HrFlow",
        "test environment": "environnement de test",
        "Your HrFlow plan's quota is used up.": "Le quota de votre forfait HrFlow est épuisé.",
        "Uploads wait until it is renewed or raised; look at your plan in HrFlow.": (
            "Les envois attendent qu’il soit renouvelé ou relevé ; voyez votre forfait dans HrFlow."
        ),
        "{what} does not allow sync parsing, so uploads go on without it": (
            "{what} ne permet pas l’analyse synchrone ; les envois s’en passent"
        ),
        "Enable it for the source in HrFlow, or set sync_parsing = false.": (
            "Activez-la pour la source dans HrFlow, ou réglez sync_parsing = false."
        ),
        "{what} with sync parsing": "{what} avec analyse synchrone",
        # The way to the server.
        "Check the network, and api_url in the configuration.": (
            "Vérifiez le réseau, et « api_url » dans la configuration."
        ),
        "Have the proxy look names up: write its address with socks5h:// or socks4a://.": (
            "Laissez le serveur mandataire chercher les noms : écrivez son adresse avec socks5h://"
            " ou socks4a://."
        ),
        "the proxy's address is not valid": "l’adresse du serveur mandataire n’est pas valide",
        "{host} is not known here, and the proxy looks it up": (
            "{host} n’est pas connu ici ; le serveur mandataire le cherche"
        ),
        "api_url names the address {host} itself": "api_url indique l’adresse {host} elle-même",
        "{host} is {address}": "{host} est {address}",
        "{host} is {address} and {more} more": "{host} est {address} et {more} de plus",
        "the system's settings": "les réglages du système",
        "the configuration": "la configuration",
        "none is used, by {what}": "aucun n’est utilisé, selon {what}",
        "{host} is used, by {what}": "{host} est utilisé, selon {what}",
        "not used: api_url is on this machine": "pas utilisé : api_url est sur cet ordinateur",
        "an unknown authority": "une autorité inconnue",
        "the certificate of {host}, signed by {what}, is not trusted ({error})": (
            "le certificat de {host}, signé par {what}, n’est pas digne de confiance ({error})"
        ),
        "If {what} is your organisation's proxy, have its certificate installed on this machine; if"
        " not, somebody may be listening: use another network.": (
            "Si {what} est le serveur mandataire de votre organisation, faites installer son"
            " certificat sur cet ordinateur ; sinon, quelqu’un écoute peut-être : changez de"
            " réseau."
        ),
        "the certificate of {host} is signed by {what}, which is no public authority: a proxy of"
        " your organisation or a virus scanner reads what is sent": (
            "le certificat de {host} est signé par {what}, qui n’est pas une autorité publique : un"
            " serveur mandataire de votre organisation ou un antivirus lit ce qui est envoyé"
        ),
        "Leave it if that is meant so; otherwise ask whoever looks after this machine.": (
            "Laissez ainsi si c’est voulu ; sinon, demandez à la personne qui gère cet ordinateur."
        ),
        "the certificate of {host} is signed by {what}": (
            "le certificat de {host} est signé par {what}"
        ),
        "the server does not tell its time": "le serveur ne donne pas l’heure",
        "Compare the clock yourself.": "Comparez l’horloge vous-même.",
        "is right, by the server's": "est à l’heure, d’après celle du serveur",
        "is {duration} behind the server's": "retarde de {duration} sur celle du serveur",
        "is {duration} ahead of the server's": "avance de {duration} sur celle du serveur",
        "Set it, or have the system set it by itself: times in the history are wrong.": (
            "Réglez-la, ou laissez le système le faire : les heures de l’historique sont fausses."
        ),
        # Webhook, commands, tray.
        "is received at http://{host}:{number}{path} while the program runs": (
            "est reçu à http://{host}:{number}{path} tant que le programme est en marche"
        ),
        "{what}, which other machines reach without encryption": (
            "{what}, que d’autres ordinateurs atteignent sans chiffrement"
        ),
        "Put a proxy that speaks https in front of it, and let it listen on 127.0.0.1.": (
            "Placez devant lui un serveur mandataire qui parle https, et faites-le écouter sur"
            " 127.0.0.1."
        ),
        "{path} is run": "{path} est lancé",
        "{path} is no program that can be run": "{path} n’est pas un programme qu’on puisse lancer",
        "Correct its path in the table [hooks] of the configuration, or the right to execute it.": (
            "Corrigez son chemin dans la table [hooks] de la configuration, ou le droit de"
            " l’exécuter."
        ),
        "this system shows icons of programs": "ce système affiche les icônes des programmes",
        "there is no desktop here": "il n’y a pas de bureau ici",
        "there is no desktop here (the session is of the kind {kind})": (
            "il n’y a pas de bureau ici (la session est de type {kind})"
        ),
        "whether this desktop shows icons could not be found out ({error})": (
            "on n’a pas pu savoir si ce bureau affiche les icônes ({error})"
        ),
        "Nothing needs to be done: everything works without an icon.": (
            "Il n’y a rien à faire : tout fonctionne sans icône."
        ),
        "this desktop shows the icon (through {what})": "ce bureau affiche l’icône (par {what})",
        "X11, without a menu": "X11, sans menu",
        "this desktop does not show the icon": "ce bureau n’affiche pas l’icône",
    }
)
