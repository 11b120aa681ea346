"""Why a file is where it is, in French: what the journal, and a question about a file, say of it.

The English is what the journal keeps. Names in braces say what stands there: see ``phrases``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FRENCH: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Not a file that can be sent.
        "is empty; put it there again once it has its content.": (
            "est vide ; remettez-le une fois qu’il a son contenu."
        ),
        "is {what} that breaks off before its end; download or save it again.": (
            "est {what} qui s’interrompt avant la fin ; téléchargez-le ou enregistrez-le de"
            " nouveau."
        ),
        "is a part of {name}": "fait partie de {name}",
        "is {what}; {how}": "est {what} ; {how}",
        "is {what}, not a document": "est {what}, pas un document",
        "is not a document that HrFlow can read; save it as PDF or Word": (
            "n’est pas un document que HrFlow sait lire ; enregistrez-le en PDF ou Word"
        ),
        "is {what} ({type}), which is not among the accepted types; add it to accept in the"
        " configuration if it is meant to be sent": (
            "est {what} ({type}) : ce type n’est pas accepté ; ajoutez-le à « accept » dans la"
            " configuration s’il doit être envoyé"
        ),
        "is {size} large, more than the {limit} that max_size allows": (
            "pèse {size}, plus que les {limit} permis par « max_size »"
        ),
        "is ignored by the pattern {pattern}": "est ignoré par le motif {pattern}",
        "is in a subfolder, and recursive = false leaves those out": (
            "est dans un sous-dossier, que recursive = false laisse de côté"
        ),
        "is ignored by rule {number} of its folder": (
            "est ignoré par la règle {number} de son dossier"
        ),
        "has no source to go to: its source_key is filled with nothing": (
            "n’a pas de source où aller : sa « source_key » est vide"
        ),
        "gets a reference of {number} characters; 1 to {most} can be used": (
            "aurait une référence de {number} caractères ; 1 à {most} sont possibles"
        ),
        "would get the stage {value}, which is not one of {names}": (
            "aurait l’étape {value}, qui n’est pas l’une de : {names}"
        ),
        "is a symbolic link, which is never followed": (
            "est un lien symbolique, qui n’est jamais suivi"
        ),
        "lies behind a symbolic link, which is never followed": (
            "se trouve derrière un lien symbolique, qui n’est jamais suivi"
        ),
        "is a directory": "est un dossier",
        "is a pipe and not a file": "est un tube et non un fichier",
        "is a socket and not a file": "est un socket et non un fichier",
        "is a device and not a file": "est un périphérique et non un fichier",
        "is not a regular file": "n’est pas un fichier ordinaire",
        "is a hard link to a file of another user; put a copy there instead": (
            "est un lien physique vers le fichier d’un autre utilisateur ; mettez-y plutôt une"
            " copie"
        ),
        "is not below the watched folder": "n’est pas dans le dossier surveillé",
        # Cannot be read for the moment, or has changed.
        "is not there any more": "n’est plus là",
        "is open in another program": "est ouvert dans un autre programme",
        "may not be read by this user": "ne peut pas être lu par cet utilisateur",
        "could not be read ({error})": "n’a pas pu être lu ({error})",
        "cannot be read ({error}).": "ne peut pas être lu ({error}).",
        "was replaced while it was opened": "a été remplacé pendant son ouverture",
        "has changed since it was looked at": "a changé depuis qu’il a été examiné",
        "changed while it was read": "a changé pendant sa lecture",
        "replaced by a newer version": "remplacé par une version plus récente",
        "the first of its kind is gone": "le premier fichier de ce contenu n’est plus là",
        "It became shorter while it was being sent.": "Il a raccourci pendant son envoi.",
        "It grew while it was being sent.": "Il a grossi pendant son envoi.",
        "Its content changed while it was being sent.": "Son contenu a changé pendant son envoi.",
        "It could not be read ({error}).": "Il n’a pas pu être lu ({error}).",
        # On its way.
        "asking whether it was sent before": "on demande s’il a déjà été envoyé",
        "did not arrive: sent again under the same reference": (
            "n’est pas arrivé : renvoyé sous la même référence"
        ),
        "sent again under the same reference: this key cannot look": (
            "renvoyé sous la même référence : cette clé ne permet pas de vérifier"
        ),
        "sent again under the same reference": "renvoyé sous la même référence",
        "waiting to be sent again under the same reference: this key cannot look": (
            "attend d’être renvoyé sous la même référence : cette clé ne permet pas de vérifier"
        ),
        "the program ended while sending it": "le programme s’est arrêté pendant l’envoi",
        "was there before its folder was watched and waits for your yes": (
            "était là avant la surveillance de son dossier et attend votre accord"
        ),
        "was there before its folder was watched and waits for your yes; import says it": (
            "était là avant la surveillance de son dossier et attend votre accord ; la commande"
            " import le donne"
        ),
        "vanished before anybody said yes to it": "a disparu avant que quelqu’un ne l’accepte",
        "1 file was in {folder} before it was watched and waits for your yes.": (
            "1 fichier était dans {folder} avant sa surveillance et attend votre accord."
        ),
        "{files} files were in {folder} before it was watched and wait for your yes.": (
            "{files} fichiers étaient dans {folder} avant sa surveillance et attendent votre"
            " accord."
        ),
        # What HrFlow, or somebody in its place, has answered.
        "HrFlow refused it ({code}): {message}": "HrFlow l’a refusé ({code}) : {message}",
        "HrFlow answered {code}: {message}": "HrFlow a répondu {code} : {message}",
        "HrFlow does not know this source: {message}": (
            "HrFlow ne connaît pas cette source : {message}"
        ),
        "HrFlow does not accept the API key or email ({code}): {message}": (
            "HrFlow n’accepte pas la clé d’API ou l’adresse e-mail ({code}) : {message}"
        ),
        "This API key may not use the source: {message}": (
            "Cette clé d’API n’a pas accès à la source : {message}"
        ),
        "Your HrFlow plan's quota is used up: {message}": (
            "Le quota de votre abonnement HrFlow est épuisé : {message}"
        ),
        "The address of the API (api_url) is not HrFlow's ({code}): {message}": (
            "L’adresse de l’API (« api_url ») n’est pas celle de HrFlow ({code}) : {message}"
        ),
        "HrFlow could not parse it: {why}": "HrFlow n’a pas pu l’analyser : {why}",
        "it does not say why": "sans dire pourquoi",
        "HrFlow's webhook says so": "le webhook de HrFlow le dit",
        "HrFlow's webhook says that it arrived": "le webhook de HrFlow dit qu’il est arrivé",
        "HrFlow has shown no profile of it within a week; look at it there, or try it again under"
        " a new reference.": (
            "HrFlow n’en a montré aucun profil en une semaine ; regardez-y, ou réessayez : il"
            " partira sous une nouvelle référence."
        ),
        "The address answered with a redirect, as log-in pages do.": (
            "L’adresse a répondu par une redirection, comme le font les pages de connexion."
        ),
        "The server answered {code}.": "Le serveur a répondu {code}.",
        "The server says that it is too large (413).": (
            "Le serveur dit qu’il est trop volumineux (413)."
        ),
        "Something other than HrFlow answered, as log-in pages do.": (
            "Autre chose que HrFlow a répondu, comme le font les pages de connexion."
        ),
        "The proxy {what} cannot be reached or does not let the request through; check it, or set"
        ' proxy = "none" in the configuration to do without.': (
            "Le serveur mandataire {what} est injoignable ou ne laisse pas passer la demande ;"
            ' vérifiez-le, ou mettez proxy = "none" dans la configuration pour vous en passer.'
        ),
        "The proxy {what} wants a user name and password, or other ones: write them into its"
        " address in the system's settings (http://user:password@host:port).": (
            "Le serveur mandataire {what} demande un nom d’utilisateur et un mot de passe, ou"
            " d’autres : écrivez-les dans son adresse, dans les réglages du système"
            " (http://utilisateur:motdepasse@hôte:port)."
        ),
        "The proxy address {what} is not valid; correct it in the system's settings, or set"
        ' proxy = "none" in the configuration to do without.': (
            "L’adresse du serveur mandataire {what} n’est pas valide ; corrigez-la dans les"
            ' réglages du système, ou mettez proxy = "none" dans la configuration.'
        ),
        "The server's certificate cannot be trusted, as behind a log-in page.": (
            "Le certificat du serveur n’est pas digne de confiance, comme derrière une page de"
            " connexion."
        ),
        "The server did not answer the call in time.": "Le serveur n’a pas répondu à temps.",
        "The server took too long to answer.": "Le serveur a mis trop de temps à répondre.",
        "The server took too long.": "Le serveur a mis trop de temps.",
        "The connection broke in the middle of the answer.": (
            "La connexion s’est interrompue au milieu de la réponse."
        ),
        "The answer arrived garbled.": "La réponse est arrivée abîmée.",
        "The server cannot be reached.": "Le serveur est injoignable.",
        "A setting of the account is not usable: {error}.": (
            "Un réglage du compte n’est pas utilisable : {error}."
        ),
        "{why} It may have arrived.": "{why} Il est peut-être arrivé.",
        "The request failed ({error}).": "La demande a échoué ({error}).",
        "The upload failed ({error}).": "L’envoi a échoué ({error}).",
        "The question failed ({error}).": "La question a échoué ({error}).",
        "The server answered before it had the whole file.": (
            "Le serveur a répondu avant d’avoir le fichier entier."
        ),
        "The account {account} is not in the settings any more.": (
            "Le compte {account} n’est plus dans les réglages."
        ),
        # Filing away.
        "stays where it is, as its folder cannot be reached": (
            "reste où il est, car son dossier est inaccessible"
        ),
        "the trash": "la corbeille",
        "has no note of why it was refused: too many notes of that name": (
            "n’a pas de note disant pourquoi il a été refusé : trop de notes portent ce nom"
        ),
        "could not be moved to {what}: it {why}": "n’a pas pu aller dans {what} : il {why}",
        "could not be moved to {what}: {error}": "n’a pas pu aller dans {what} : {error}",
        "was moved to {path}, but {why}": "a été déplacé vers {path}, mais {why}",
        "has changed since it was sent, so it stays where it is": (
            "a changé depuis son envoi ; il reste donc où il est"
        ),
        "finds no free name there": "n’y trouve pas de nom libre",
        # What would happen to a file, see "What would happen to this file?".
        "left alone": "laissé de côté",
        "lies in {pattern}, where files are filed away": (
            "se trouve dans {pattern}, où les fichiers sont rangés"
        ),
        "matches the pattern {pattern}": "correspond au motif {pattern}",
        "lies deeper than recursive = false": (
            "est plus profond que « recursive = false » ne le permet"
        ),
        "was there before its folder was watched; import sends such files": (
            "était là avant la surveillance de son dossier ; la commande import envoie ces fichiers"
        ),
        "waits: {why}": "attend : {why}",
        "has been refused: {why}": "a été refusé : {why}",
    }
)
