extension WordSet {
    static let arabic = WordSet(
        greeting: "مرحبًا{{#recipient}} {{recipient}}{{/recipient}}،",
        noButton: "إذا لم يعمل الزر، انسخ هذا العنوان:",
        words: [
            .verifyEmail: KindWords(
                "أكّد بريدك الإلكتروني",
                [
                    "يرجى تأكيد أن هذا العنوان لك. الرابط صالح حتى {{expires_at}}.",
                    "إذا لم تطلب ذلك فتجاهل هذه الرسالة: لن يتغير شيء.",
                ],
                action: "تأكيد العنوان",
                short: "أكّد بريدك الإلكتروني:"
            ),
            .resetPassword: KindWords(
                "اختر كلمة مرور جديدة",
                [
                    "طلب أحدهم كلمة مرور جديدة لحسابك. يعمل الرابط مرة واحدة، حتى {{expires_at}}.",
                    "إذا لم تكن أنت فتجاهل هذه الرسالة: كلمة مرورك لا تتغير.",
                ],
                action: "اختيار كلمة مرور",
                short: "اختر كلمة مرور جديدة:"
            ),
            .invitation: KindWords(
                "أنت مدعو إلى {{tenant}}",
                [
                    "{{#inviter}}دعاك {{inviter}}.{{/inviter}}",
                    "اختر كلمة مرور لفتح حسابك. الدعوة صالحة حتى {{expires_at}}.",
                ],
                action: "قبول الدعوة",
                short: "أنت مدعو. افتح حسابك:"
            ),
            .loginCode: KindWords(
                "رمز الدخول",
                [
                    "رمزك هو {{code}}. وهو صالح لمدة {{valid_for}}.",
                    "لا تعطه لأحد. نحن لا نطلبه أبدًا. إذا لم تكن تسجّل الدخول الآن فغيّر كلمة مرورك.",
                ],
                short: "{{code}} هو رمزك، صالح لمدة {{valid_for}}. لا تعطه لأحد."
            ),
            .welcome: KindWords(
                "مرحبًا بك في {{tenant}}",
                [
                    "اتصالك جاهز.{{#plan}} باقتك: {{plan}}.{{/plan}}",
                    "اسم المستخدم: {{username}}.",
                    "{{#password}}كلمة المرور: {{password}}. يرجى تغييرها عند أول دخول.{{/password}}",
                ],
                action: "فتح حسابك",
                short: "مرحبًا بك! اسم المستخدم {{username}}{{#password}}، كلمة المرور {{password}}{{/password}}."
            ),
            .paymentReceived: KindWords(
                "استلمنا {{amount}}",
                [
                    "شكرًا لك. وصلت دفعتك بمبلغ {{amount}} في {{paid_at}}.",
                    "{{#reference}}رقمها المرجعي: {{reference}}.{{/reference}}",
                    "{{#balance}}رصيدك الآن {{balance}}.{{/balance}}",
                ],
                action: "عرض مدفوعاتك",
                short: "استلمنا دفعتك بمبلغ {{amount}}. شكرًا لك."
            ),
            .paymentFailed: KindWords(
                "لم تتم دفعتك بمبلغ {{amount}}",
                [
                    "لم نتمكن من تحصيل {{amount}}. لم يُخصم شيء.",
                    "{{#reason}}السبب: {{reason}}{{/reason}}",
                    "يرجى التحقق من وسيلة الدفع والمحاولة من جديد.",
                ],
                action: "ادفع من جديد",
                short: "لم تتم دفعتك بمبلغ {{amount}}. يرجى المحاولة من جديد."
            ),
            .billDue: KindWords(
                "الفاتورة {{bill}}: {{amount}} تستحق في {{due_on}}",
                [
                    "فاتورتك {{bill}} بمبلغ {{amount}} تستحق {{#days}}خلال {{plural days one=\"يوم واحد\" two=\"يومين\" few=\"# أيام\" many=\"# يومًا\" other=\"# يوم\"}}، في{{/days}}{{^days}}اليوم،{{/days}} {{due_on}}.",
                    "إذا كنت قد دفعت فلا يلزمك شيء.",
                ],
                action: "ادفع الآن",
                short: "الفاتورة {{bill}} بمبلغ {{amount}} تستحق في {{due_on}}."
            ),
            .billOverdue: KindWords(
                "الفاتورة {{bill}} متأخرة",
                [
                    "استحقت فاتورتك {{bill}} بمبلغ {{amount}} في {{due_on}}{{#days}}، قبل {{plural days one=\"يوم واحد\" two=\"يومين\" few=\"# أيام\" many=\"# يومًا\" other=\"# يوم\"}}{{/days}}.",
                    "{{#suspended_on}}إذا لم تُدفع يتوقف اتصالك في {{suspended_on}}.{{/suspended_on}}",
                    "يرجى دفعها، أو الاتصال بنا إذا كان هناك خطأ.",
                ],
                action: "ادفع الآن",
                short: "الفاتورة {{bill}} بمبلغ {{amount}} متأخرة منذ {{due_on}}. يرجى الدفع."
            ),
            .walletLow: KindWords(
                "رصيدك منخفض",
                [
                    "رصيدك {{balance}}{{#threshold}}، أقل من {{threshold}}{{/threshold}}.",
                    "اشحن رصيدك في الوقت المناسب ليستمر اتصالك.",
                ],
                action: "شحن الرصيد",
                short: "رصيدك {{balance}}. يرجى الشحن."
            ),
            .quota80: KindWords(
                "استهلكت 80% من حصتك",
                [
                    "استهلك {{service}} ما مقداره {{used}} من {{allowance}}. المتبقي {{remaining}}.",
                    "تبدأ الحصة من جديد في {{resets_at}}. لا يتغير شيء الآن.",
                ],
                action: "عرض استهلاكك",
                short: "استُهلك 80%: المتبقي {{remaining}} من {{allowance}} حتى {{resets_at}}."
            ),
            .quota95: KindWords(
                "حصتك على وشك النفاد",
                [
                    "استهلك {{service}} ما مقداره {{used}} من {{allowance}}. لم يبق سوى {{remaining}} حتى {{resets_at}}.",
                    "عند نفادها قد يبطؤ اتصالك أو يتوقف أو تزيد كلفته حسب باقتك. يمكنك الحصول على المزيد الآن.",
                ],
                action: "احصل على المزيد",
                short: "استُهلك 95%: لم يبق سوى {{remaining}} من {{allowance}} حتى {{resets_at}}."
            ),
            .quotaReached: KindWords(
                "نفدت حصتك",
                [
                    "استهلك {{service}} حصته كلها وقدرها {{allowance}}.",
                    "{{#slowed_to}}سرعتك حتى {{resets_at}} هي {{slowed_to}}.{{/slowed_to}}",
                    "{{#blocked}}لا يمكنك الاتصال حتى {{resets_at}}.{{/blocked}}",
                    "{{#price}}كلفة ما تستهلكه بعد ذلك {{price}} لكل وحدة.{{/price}}",
                    "تبدأ الحصة من جديد في {{resets_at}}. يمكنك الحصول على المزيد في أي وقت.",
                ],
                action: "احصل على المزيد",
                short: "نفدت حصتك {{allowance}} حتى {{resets_at}}."
            ),
            .boostApproved: KindWords(
                "تمت الموافقة على ترقية سرعتك إلى {{plan}}",
                [
                    "أصبحت سرعة {{service}} سرعة {{plan}}{{#until}} حتى {{until}}{{/until}}.",
                    "{{#price}}كلفتها {{price}}.{{/price}}",
                ],
                action: "عرض خدمتك",
                short: "تمت الموافقة على ترقية سرعتك إلى {{plan}}{{#until}}، حتى {{until}}{{/until}}."
            ),
            .boostRejected: KindWords(
                "لم تتم الموافقة على ترقية سرعتك إلى {{plan}}",
                [
                    "لم نتمكن من إعطاء {{service}} سرعة {{plan}}. لم يُخصم شيء.",
                    "{{#reason}}السبب: {{reason}}{{/reason}}",
                ],
                action: "عرض خدمتك",
                short: "لم تتم الموافقة على ترقية سرعتك إلى {{plan}}. لم يُخصم شيء."
            ),
            .serviceSuspended: KindWords(
                "اتصالك موقوف",
                [
                    "لا يمكن لـ {{service}} الاتصال في الوقت الحالي.",
                    "{{#owed}}المبلغ غير المدفوع {{owed}}. يعود اتصالك عند دفعه.{{/owed}}",
                    "يرجى الاتصال بنا إذا كنت ترى أن هذا خطأ.",
                ],
                action: "فتح حسابك",
                short: "{{service}} موقوف.{{#owed}} غير مدفوع: {{owed}}.{{/owed}}"
            ),
            .serviceRestored: KindWords(
                "عاد اتصالك",
                ["يمكن لـ {{service}} الاتصال من جديد. إذا لم يعمل فأطفئ جهاز التوجيه ثم شغّله."],
                short: "يمكن لـ {{service}} الاتصال من جديد."
            ),
            .accountLocked: KindWords(
                "حسابك مقفل",
                [
                    "أُدخلت كلمة مرور خاطئة {{plural failures one=\"مرة واحدة\" two=\"مرتين\" few=\"# مرات\" many=\"# مرة\" other=\"# مرة\"}} متتالية{{#source}}، آخرها من {{source}}{{/source}}.",
                    "{{#until}}يمكنك الدخول من جديد بعد {{until}}.{{/until}}",
                    "إذا لم تكن أنت فإن أحدهم يحاول الدخول: أخبرنا.",
                ],
                short: "حسابك مقفل بعد كلمات مرور خاطئة{{#until}}، حتى {{until}}{{/until}}."
            ),
            .passwordChanged: KindWords(
                "تم تغيير كلمة مرورك",
                [
                    "تم تغيير كلمة مرورك في {{at}}{{#source}} من {{source}}{{/source}}.",
                    "إذا لم تكن أنت فاختر كلمة جديدة الآن وأخبرنا.",
                ],
                short: "تم تغيير كلمة مرورك في {{at}}. لست أنت؟ أخبرنا."
            ),
            .apiKeyCreated: KindWords(
                "مفتاح API جديد: {{name}}",
                [
                    "أُنشئ المفتاح {{name}} لحسابك في {{at}}{{#source}} من {{source}}{{/source}}.",
                    "إذا لم تكن أنت فاحذفه وغيّر كلمة مرورك.",
                ],
                short: "أُنشئ مفتاح API {{name}} في {{at}}."
            ),
            .exportReady: KindWords(
                "{{name}} جاهز",
                ["يمكنك تنزيل {{name}}{{#expires_at}} حتى {{expires_at}}{{/expires_at}}."],
                action: "تنزيل",
                short: "{{name}} جاهز."
            ),
            .exportFailed: KindWords(
                "تعذّر إنشاء {{name}}",
                ["تعذّر إنشاء {{name}}.", "{{#reason}}السبب: {{reason}}{{/reason}}", "يرجى المحاولة من جديد."],
                action: "حاول من جديد",
                short: "تعذّر إنشاء {{name}}. يرجى المحاولة من جديد."
            ),
            .boostRequested: KindWords(
                "طلب ترقية سرعة بانتظارك: {{service}}",
                ["يطلب {{service}} سرعة {{plan}}. يجب أن يوافق أحد أو يرفض."],
                action: "اتخاذ القرار",
                short: "يطلب {{service}} سرعة {{plan}}."
            ),
            .deviceOffline: KindWords(
                "{{device}} غير متصل",
                ["لا يستجيب {{device}} منذ {{since}}.", "{{#reason}}نتيجة آخر فحص: {{reason}}{{/reason}}"],
                action: "عرض الجهاز",
                short: "{{device}} غير متصل منذ {{since}}{{#reason}} ({{reason}}){{/reason}}."
            ),
            .deviceOnline: KindWords(
                "عاد {{device}}",
                ["يستجيب {{device}} من جديد منذ {{at}}{{#away_for}}، بعد {{away_for}}{{/away_for}}."],
                action: "عرض الجهاز",
                short: "عاد {{device}} منذ {{at}}{{#away_for}}، بعد {{away_for}}{{/away_for}}."
            ),
            .loginFailuresSpiked: KindWords(
                "محاولات دخول كثيرة مرفوضة{{#place}} في {{place}}{{/place}}",
                [
                    "عدد محاولات الدخول المرفوضة خلال {{window}}: {{failures}}{{#place}}، في {{place}}{{/place}}.",
                    "ربما يخمّن أحدهم كلمات المرور، أو أن جهازًا يستخدم كلمة خاطئة.",
                ],
                action: "عرض المحاولات",
                short: "محاولات دخول مرفوضة خلال {{window}}: {{failures}}{{#place}}، في {{place}}{{/place}}."
            ),
            .poolExhausted: KindWords(
                "لم تبق عناوين في {{pool}}",
                [
                    "نفدت عناوين {{pool}}؛ لم تحصل على عنوان {{plural refused one=\"محاولة واحدة\" two=\"محاولتان\" few=\"# محاولات\" many=\"# محاولة\" other=\"# محاولة\"}}.",
                    "أضف نطاقًا، أو أنهِ الجلسات المتروكة.",
                ],
                action: "عرض العناوين",
                short:
                    "لم تبق عناوين في {{pool}}: رُفضت {{plural refused one=\"محاولة واحدة\" two=\"محاولتان\" few=\"# محاولات\" many=\"# محاولة\" other=\"# محاولة\"}}."
            ),
            .licenceExceeded: KindWords(
                "تم تجاوز ترخيصك",
                ["{{what}}: {{used}} من أصل {{allowed}}. يرجى توسيع ترخيصك."],
                action: "عرض الترخيص",
                short: "تم تجاوز الترخيص، {{what}}: {{used}} من {{allowed}}."
            ),
            .licenceEnded: KindWords(
                "انتهى ترخيصك",
                [
                    "انتهى الترخيص {{plan}}. يرجى تجديده قبل {{suspends_at}}، وإلا فسيُعلَّق حسابك."
                ],
                action: "عرض الترخيص",
                short: "انتهى الترخيص {{plan}}؛ سيُعلَّق حسابك في {{suspends_at}}."
            ),
            .webhookDisabled: KindWords(
                "تم إيقاف webhook",
                [
                    "لم يستلم {{endpoint}} شيئًا{{#since}} منذ {{since}}{{/since}} وتم إيقافه.",
                    "{{#reason}}آخر رد منه: {{reason}}{{/reason}}",
                    "شغّله عندما يعمل من جديد: يمكن إعادة إرسال ما فاته.",
                ],
                action: "عرض webhook",
                short: "تم إيقاف {{endpoint}}{{#reason}}: {{reason}}{{/reason}}."
            ),
            .digest: KindWords(
                "{{plural count one=\"إنذار واحد\" two=\"إنذاران\" few=\"# إنذارات\" many=\"# إنذارًا\" other=\"# إنذار\"}} منذ {{since}}",
                ["{{items}}", "{{#more}}والمزيد: {{more}}.{{/more}}"],
                action: "عرض الكل",
                short:
                    "{{plural count one=\"إنذار واحد\" two=\"إنذاران\" few=\"# إنذارات\" many=\"# إنذارًا\" other=\"# إنذار\"}} منذ {{since}}:\n{{items}}{{#more}}\nوالمزيد: {{more}}{{/more}}"
            ),
            .announcement: KindWords("{{title}}", ["{{body}}"], action: "اقرأ المزيد", short: "{{body}}"),
            .test: KindWords(
                "رسالة تجربة من {{tenant}}",
                ["هذه تجربة في {{at}}. إذا كنت تقرؤها فإن الرسائل تصلك بهذه الطريقة."],
                short: "رسالة تجربة من {{tenant}} في {{at}}. تم بنجاح."
            ),
        ]
    )
}
