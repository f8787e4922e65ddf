extension WordSet {
    static let french = WordSet(
        greeting: "Bonjour{{#recipient}} {{recipient}}{{/recipient}},",
        colon: " :",
        noButton: "Si le bouton ne marche pas, copiez cette adresse :",
        words: [
            .verifyEmail: KindWords(
                "Confirmez votre adresse e-mail",
                [
                    "Merci de confirmer que cette adresse est la vôtre. Le lien est valable jusqu'au {{expires_at}}.",
                    "Si vous n'avez rien demandé, ignorez ce message : rien ne change.",
                ],
                action: "Confirmer l'adresse",
                short: "Confirmez votre adresse e-mail :"
            ),
            .resetPassword: KindWords(
                "Choisissez un nouveau mot de passe",
                [
                    "Un nouveau mot de passe a été demandé pour votre compte. Le lien sert une seule fois, jusqu'au {{expires_at}}.",
                    "Si ce n'était pas vous, ignorez ce message : votre mot de passe ne change pas.",
                ],
                action: "Choisir un mot de passe",
                short: "Choisissez un nouveau mot de passe :"
            ),
            .invitation: KindWords(
                "Vous êtes invité chez {{tenant}}",
                [
                    "{{#inviter}}{{inviter}} vous invite.{{/inviter}}",
                    "Choisissez un mot de passe pour ouvrir votre compte. L'invitation est valable jusqu'au {{expires_at}}.",
                ],
                action: "Accepter l'invitation",
                short: "Vous êtes invité. Ouvrez votre compte :"
            ),
            .loginCode: KindWords(
                "Votre code de connexion",
                [
                    "Votre code est {{code}}. Il est valable {{valid_for}}.",
                    "Ne le donnez à personne. Nous ne le demandons jamais. Si vous n'êtes pas en train de vous connecter, changez de mot de passe.",
                ],
                short: "{{code}} est votre code, valable {{valid_for}}. Ne le donnez à personne."
            ),
            .welcome: KindWords(
                "Bienvenue chez {{tenant}}",
                [
                    "Votre connexion est prête.{{#plan}} Votre offre : {{plan}}.{{/plan}}",
                    "Votre nom d'utilisateur est {{username}}.",
                    "{{#password}}Votre mot de passe est {{password}}. Changez-le à votre première connexion.{{/password}}",
                ],
                action: "Ouvrir votre compte",
                short: "Bienvenue ! Utilisateur {{username}}{{#password}}, mot de passe {{password}}{{/password}}."
            ),
            .paymentReceived: KindWords(
                "Nous avons reçu {{amount}}",
                [
                    "Merci. Votre paiement de {{amount}} est arrivé le {{paid_at}}.",
                    "{{#reference}}Sa référence est {{reference}}.{{/reference}}",
                    "{{#balance}}Votre solde est maintenant de {{balance}}.{{/balance}}",
                ],
                action: "Voir vos paiements",
                short: "Votre paiement de {{amount}} est bien arrivé. Merci."
            ),
            .paymentFailed: KindWords(
                "Votre paiement de {{amount}} n'a pas abouti",
                [
                    "Nous n'avons pas pu encaisser {{amount}}. Rien n'a été débité.",
                    "{{#reason}}La raison : {{reason}}{{/reason}}",
                    "Vérifiez votre moyen de paiement et réessayez.",
                ],
                action: "Payer de nouveau",
                short: "Votre paiement de {{amount}} n'a pas abouti. Merci de réessayer."
            ),
            .billDue: KindWords(
                "Facture {{bill}} : {{amount}} à payer pour le {{due_on}}",
                [
                    "Votre facture {{bill}} de {{amount}} est à payer {{#days}}dans {{plural days one=\"# jour\" other=\"# jours\"}}, le{{/days}}{{^days}}aujourd'hui,{{/days}} {{due_on}}.",
                    "Si vous avez déjà payé, vous n'avez rien à faire.",
                ],
                action: "Payer",
                short: "Facture {{bill}} de {{amount}} à payer pour le {{due_on}}."
            ),
            .billOverdue: KindWords(
                "La facture {{bill}} est en retard",
                [
                    "Votre facture {{bill}} de {{amount}} était à payer pour le {{due_on}}{{#days}}, il y a {{plural days one=\"# jour\" other=\"# jours\"}}{{/days}}.",
                    "{{#suspended_on}}Sans paiement, votre connexion s'arrête le {{suspended_on}}.{{/suspended_on}}",
                    "Merci de la payer, ou appelez-nous si quelque chose ne va pas.",
                ],
                action: "Payer",
                short: "Facture {{bill}} de {{amount}} en retard depuis le {{due_on}}. Merci de payer."
            ),
            .walletLow: KindWords(
                "Votre solde est bas",
                [
                    "Votre solde est de {{balance}}{{#threshold}}, en dessous de {{threshold}}{{/threshold}}.",
                    "Rechargez à temps pour que votre connexion continue.",
                ],
                action: "Recharger",
                short: "Votre solde est de {{balance}}. Pensez à recharger."
            ),
            .quota80: KindWords(
                "Vous avez utilisé 80 % de votre volume",
                [
                    "{{service}} a utilisé {{used}} sur {{allowance}}. Il reste {{remaining}}.",
                    "Le compteur repart à zéro le {{resets_at}}. Rien ne change pour l'instant.",
                ],
                action: "Voir votre consommation",
                short: "80 % utilisés : il reste {{remaining}} sur {{allowance}} jusqu'au {{resets_at}}."
            ),
            .quota95: KindWords(
                "Votre volume est presque épuisé",
                [
                    "{{service}} a utilisé {{used}} sur {{allowance}}. Il ne reste que {{remaining}} jusqu'au {{resets_at}}.",
                    "Une fois épuisé, votre connexion peut ralentir, s'arrêter ou coûter plus, selon votre offre. Vous pouvez en ajouter dès maintenant.",
                ],
                action: "En ajouter",
                short: "95 % utilisés : il ne reste que {{remaining}} sur {{allowance}} jusqu'au {{resets_at}}."
            ),
            .quotaReached: KindWords(
                "Votre volume est épuisé",
                [
                    "{{service}} a utilisé tout son volume de {{allowance}}.",
                    "{{#slowed_to}}Jusqu'au {{resets_at}}, votre débit est de {{slowed_to}}.{{/slowed_to}}",
                    "{{#blocked}}Jusqu'au {{resets_at}}, vous ne pouvez pas vous connecter.{{/blocked}}",
                    "{{#price}}Ce que vous utilisez en plus coûte {{price}} par unité.{{/price}}",
                    "Le compteur repart à zéro le {{resets_at}}. Vous pouvez en ajouter à tout moment.",
                ],
                action: "En ajouter",
                short: "Vos {{allowance}} sont épuisés jusqu'au {{resets_at}}."
            ),
            .boostApproved: KindWords(
                "Votre boost vers {{plan}} est accepté",
                [
                    "{{service}} a maintenant le débit de {{plan}}{{#until}} jusqu'au {{until}}{{/until}}.",
                    "{{#price}}Il coûte {{price}}.{{/price}}",
                ],
                action: "Voir votre service",
                short: "Votre boost vers {{plan}} est accepté{{#until}}, jusqu'au {{until}}{{/until}}."
            ),
            .boostRejected: KindWords(
                "Votre boost vers {{plan}} n'a pas été accepté",
                [
                    "Nous n'avons pas pu donner à {{service}} le débit de {{plan}}. Rien n'a été débité.",
                    "{{#reason}}La raison : {{reason}}{{/reason}}",
                ],
                action: "Voir votre service",
                short: "Votre boost vers {{plan}} n'a pas été accepté. Rien n'a été débité."
            ),
            .serviceSuspended: KindWords(
                "Votre connexion est suspendue",
                [
                    "{{service}} ne peut pas se connecter pour l'instant.",
                    "{{#owed}}{{owed}} restent à payer. Votre connexion revient dès le paiement.{{/owed}}",
                    "Contactez-nous si vous pensez que c'est une erreur.",
                ],
                action: "Ouvrir votre compte",
                short: "{{service}} est suspendu.{{#owed}} Il reste à payer {{owed}}.{{/owed}}"
            ),
            .serviceRestored: KindWords(
                "Votre connexion est rétablie",
                ["{{service}} peut de nouveau se connecter. Sinon, éteignez puis rallumez votre routeur."],
                short: "{{service}} peut de nouveau se connecter."
            ),
            .accountLocked: KindWords(
                "Votre compte est bloqué",
                [
                    "Il y a eu {{plural failures one=\"# mauvais mot de passe\" other=\"# mauvais mots de passe\"}} de suite{{#source}}, le dernier depuis {{source}}{{/source}}.",
                    "{{#until}}Vous pourrez vous connecter après le {{until}}.{{/until}}",
                    "Si ce n'était pas vous, quelqu'un essaie d'entrer : prévenez-nous.",
                ],
                short: "Votre compte est bloqué après de mauvais mots de passe{{#until}}, jusqu'au {{until}}{{/until}}."
            ),
            .passwordChanged: KindWords(
                "Votre mot de passe a été changé",
                [
                    "Votre mot de passe a été changé le {{at}}{{#source}} depuis {{source}}{{/source}}.",
                    "Si ce n'était pas vous, choisissez-en un nouveau tout de suite et prévenez-nous.",
                ],
                short: "Votre mot de passe a été changé le {{at}}. Pas vous ? Prévenez-nous."
            ),
            .apiKeyCreated: KindWords(
                "Une nouvelle clé d'API : {{name}}",
                [
                    "La clé {{name}} a été créée pour votre compte le {{at}}{{#source}} depuis {{source}}{{/source}}.",
                    "Si ce n'était pas vous, supprimez-la et changez de mot de passe.",
                ],
                short: "La clé d'API {{name}} a été créée le {{at}}."
            ),
            .exportReady: KindWords(
                "{{name}} est prêt",
                ["Vous pouvez télécharger {{name}}{{#expires_at}} jusqu'au {{expires_at}}{{/expires_at}}."],
                action: "Télécharger",
                short: "{{name}} est prêt."
            ),
            .exportFailed: KindWords(
                "{{name}} n'a pas pu être créé",
                [
                    "{{name}} n'a pas pu être créé.", "{{#reason}}La raison : {{reason}}{{/reason}}",
                    "Merci de réessayer.",
                ],
                action: "Réessayer",
                short: "{{name}} n'a pas pu être créé. Merci de réessayer."
            ),
            .boostRequested: KindWords(
                "Un boost vous attend : {{service}}",
                ["{{service}} demande le débit de {{plan}}. Quelqu'un doit accepter ou refuser."],
                action: "Décider",
                short: "{{service}} demande le débit de {{plan}}."
            ),
            .deviceOffline: KindWords(
                "{{device}} est hors ligne",
                [
                    "{{device}} ne répond plus depuis le {{since}}.",
                    "{{#reason}}Le dernier contrôle disait : {{reason}}{{/reason}}",
                ],
                action: "Voir l'équipement",
                short: "{{device}} est hors ligne depuis le {{since}}{{#reason}} ({{reason}}){{/reason}}."
            ),
            .deviceOnline: KindWords(
                "{{device}} est de retour",
                ["{{device}} répond de nouveau depuis le {{at}}{{#away_for}}, après {{away_for}}{{/away_for}}."],
                action: "Voir l'équipement",
                short: "{{device}} est de retour depuis le {{at}}{{#away_for}}, après {{away_for}}{{/away_for}}."
            ),
            .loginFailuresSpiked: KindWords(
                "Beaucoup de connexions refusées{{#place}} sur {{place}}{{/place}}",
                [
                    "{{failures}} connexions ont été refusées en {{window}}{{#place}} sur {{place}}{{/place}}.",
                    "Quelqu'un devine peut-être des mots de passe, ou un équipement en a un mauvais.",
                ],
                action: "Voir les connexions",
                short: "{{failures}} connexions refusées en {{window}}{{#place}} sur {{place}}{{/place}}."
            ),
            .poolExhausted: KindWords(
                "Plus d'adresses dans {{pool}}",
                [
                    "La plage {{pool}} est épuisée ; {{plural refused one=\"# connexion n'a\" other=\"# connexions n'ont\"}} pas reçu d'adresse.",
                    "Ajoutez une plage, ou terminez les sessions oubliées.",
                ],
                action: "Voir la plage",
                short:
                    "Plus d'adresses dans {{pool}} : {{plural refused one=\"# connexion refusée\" other=\"# connexions refusées\"}}."
            ),
            .licenceExceeded: KindWords(
                "Votre licence est dépassée",
                ["{{what}} : {{used}} pour {{allowed}} autorisés. Merci d'étendre votre licence."],
                action: "Voir la licence",
                short: "Licence dépassée, {{what}} : {{used}} pour {{allowed}}."
            ),
            .licenceEnded: KindWords(
                "Votre licence est arrivée à son terme",
                [
                    "La licence {{plan}} est arrivée à son terme. Merci de la renouveler avant le {{suspends_at}} : votre compte sera alors suspendu."
                ],
                action: "Voir la licence",
                short: "Votre licence {{plan}} est arrivée à son terme ; votre compte sera suspendu le {{suspends_at}}."
            ),
            .webhookDisabled: KindWords(
                "Un webhook a été désactivé",
                [
                    "{{endpoint}} n'accepte plus rien{{#since}} depuis le {{since}}{{/since}} et a été désactivé.",
                    "{{#reason}}Sa dernière réponse : {{reason}}{{/reason}}",
                    "Réactivez-le quand il marche de nouveau : ce qui a manqué peut être renvoyé.",
                ],
                action: "Voir le webhook",
                short: "Le webhook {{endpoint}} a été désactivé{{#reason}} : {{reason}}{{/reason}}."
            ),
            .digest: KindWords(
                "{{plural count one=\"# alarme\" other=\"# alarmes\"}} depuis le {{since}}",
                ["{{items}}", "{{#more}}Et {{more}} de plus.{{/more}}"],
                action: "Tout voir",
                short:
                    "{{plural count one=\"# alarme\" other=\"# alarmes\"}} depuis le {{since}} :\n{{items}}{{#more}}\net {{more}} de plus{{/more}}"
            ),
            .announcement: KindWords("{{title}}", ["{{body}}"], action: "Lire la suite", short: "{{body}}"),
            .test: KindWords(
                "Un essai de {{tenant}}",
                ["Ceci est un essai du {{at}}. Si vous le lisez, les messages vous parviennent ainsi."],
                short: "Un essai de {{tenant}} du {{at}}. Tout marche."
            ),
        ]
    )
}
