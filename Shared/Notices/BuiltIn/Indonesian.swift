extension WordSet {
    static let indonesian = WordSet(
        greeting: "Halo{{#recipient}} {{recipient}}{{/recipient}},",
        noButton: "Jika tombol tidak berfungsi, salin alamat ini:",
        words: [
            .verifyEmail: KindWords(
                "Konfirmasikan alamat email Anda",
                [
                    "Mohon konfirmasikan bahwa alamat ini milik Anda. Tautan berlaku sampai {{expires_at}}.",
                    "Jika Anda tidak memintanya, abaikan pesan ini: tidak ada yang berubah.",
                ],
                action: "Konfirmasi alamat",
                short: "Konfirmasikan alamat email Anda:"
            ),
            .resetPassword: KindWords(
                "Pilih kata sandi baru",
                [
                    "Seseorang meminta kata sandi baru untuk akun Anda. Tautan berlaku satu kali, sampai {{expires_at}}.",
                    "Jika bukan Anda, abaikan pesan ini: kata sandi Anda tetap sama.",
                ],
                action: "Pilih kata sandi",
                short: "Pilih kata sandi baru:"
            ),
            .invitation: KindWords(
                "Anda diundang ke {{tenant}}",
                [
                    "{{#inviter}}{{inviter}} mengundang Anda.{{/inviter}}",
                    "Pilih kata sandi untuk membuka akun Anda. Undangan berlaku sampai {{expires_at}}.",
                ],
                action: "Terima undangan",
                short: "Anda diundang. Buka akun Anda:"
            ),
            .loginCode: KindWords(
                "Kode masuk Anda",
                [
                    "Kode Anda {{code}}. Berlaku selama {{valid_for}}.",
                    "Jangan berikan kepada siapa pun. Kami tidak pernah memintanya. Jika Anda tidak sedang masuk, ganti kata sandi Anda.",
                ],
                short: "{{code}} adalah kode Anda, berlaku {{valid_for}}. Jangan berikan kepada siapa pun."
            ),
            .welcome: KindWords(
                "Selamat datang di {{tenant}}",
                [
                    "Koneksi Anda sudah siap.{{#plan}} Paket Anda {{plan}}.{{/plan}}",
                    "Nama pengguna Anda {{username}}.",
                    "{{#password}}Kata sandi Anda {{password}}. Mohon diganti saat pertama kali masuk.{{/password}}",
                ],
                action: "Buka akun Anda",
                short: "Selamat datang! Nama pengguna {{username}}{{#password}}, kata sandi {{password}}{{/password}}."
            ),
            .paymentReceived: KindWords(
                "Pembayaran {{amount}} kami terima",
                [
                    "Terima kasih. Pembayaran Anda sebesar {{amount}} kami terima pada {{paid_at}}.",
                    "{{#reference}}Nomor referensinya {{reference}}.{{/reference}}",
                    "{{#balance}}Saldo Anda sekarang {{balance}}.{{/balance}}",
                ],
                action: "Lihat pembayaran",
                short: "Pembayaran Anda sebesar {{amount}} kami terima. Terima kasih."
            ),
            .paymentFailed: KindWords(
                "Pembayaran {{amount}} tidak berhasil",
                [
                    "Kami tidak dapat menerima {{amount}}. Tidak ada yang ditagih.",
                    "{{#reason}}Alasannya: {{reason}}{{/reason}}",
                    "Mohon periksa cara pembayaran Anda dan coba lagi.",
                ],
                action: "Bayar lagi",
                short: "Pembayaran Anda sebesar {{amount}} tidak berhasil. Mohon coba lagi."
            ),
            .billDue: KindWords(
                "Tagihan {{bill}}: {{amount}} jatuh tempo {{due_on}}",
                [
                    "Tagihan {{bill}} sebesar {{amount}} jatuh tempo {{#days}}dalam {{plural days other=\"# hari\"}}, pada{{/days}}{{^days}}hari ini,{{/days}} {{due_on}}.",
                    "Jika sudah membayar, Anda tidak perlu melakukan apa pun.",
                ],
                action: "Bayar sekarang",
                short: "Tagihan {{bill}} sebesar {{amount}} jatuh tempo {{due_on}}."
            ),
            .billOverdue: KindWords(
                "Tagihan {{bill}} terlambat dibayar",
                [
                    "Tagihan {{bill}} sebesar {{amount}} jatuh tempo pada {{due_on}}{{#days}}, {{plural days other=\"# hari\"}} yang lalu{{/days}}.",
                    "{{#suspended_on}}Jika tidak dibayar, koneksi Anda berhenti pada {{suspended_on}}.{{/suspended_on}}",
                    "Mohon dibayar, atau hubungi kami jika ada yang salah.",
                ],
                action: "Bayar sekarang",
                short: "Tagihan {{bill}} sebesar {{amount}} terlambat sejak {{due_on}}. Mohon dibayar."
            ),
            .walletLow: KindWords(
                "Saldo Anda hampir habis",
                [
                    "Saldo Anda {{balance}}{{#threshold}}, di bawah {{threshold}}{{/threshold}}.",
                    "Isi ulang tepat waktu agar koneksi Anda tetap berjalan.",
                ],
                action: "Isi ulang",
                short: "Saldo Anda {{balance}}. Mohon isi ulang."
            ),
            .quota80: KindWords(
                "Anda sudah memakai 80% kuota",
                [
                    "{{service}} sudah memakai {{used}} dari {{allowance}}. Sisanya {{remaining}}.",
                    "Kuota dimulai lagi pada {{resets_at}}. Untuk sekarang tidak ada yang berubah.",
                ],
                action: "Lihat pemakaian",
                short: "80% terpakai: sisa {{remaining}} dari {{allowance}} sampai {{resets_at}}."
            ),
            .quota95: KindWords(
                "Kuota Anda hampir habis",
                [
                    "{{service}} sudah memakai {{used}} dari {{allowance}}. Hanya tersisa {{remaining}} sampai {{resets_at}}.",
                    "Setelah habis, koneksi Anda dapat melambat, berhenti, atau dikenai biaya, sesuai paket Anda. Anda dapat menambah kuota sekarang.",
                ],
                action: "Tambah kuota",
                short: "95% terpakai: hanya tersisa {{remaining}} dari {{allowance}} sampai {{resets_at}}."
            ),
            .quotaReached: KindWords(
                "Kuota Anda habis",
                [
                    "{{service}} sudah memakai seluruh kuota {{allowance}}.",
                    "{{#slowed_to}}Sampai {{resets_at}} kecepatan Anda {{slowed_to}}.{{/slowed_to}}",
                    "{{#blocked}}Sampai {{resets_at}} Anda tidak dapat terhubung.{{/blocked}}",
                    "{{#price}}Pemakaian selebihnya dikenai {{price}} per unit.{{/price}}",
                    "Kuota dimulai lagi pada {{resets_at}}. Anda dapat menambah kuota kapan saja.",
                ],
                action: "Tambah kuota",
                short: "Kuota {{allowance}} Anda habis sampai {{resets_at}}."
            ),
            .boostApproved: KindWords(
                "Boost Anda ke {{plan}} disetujui",
                [
                    "{{service}} sekarang memiliki kecepatan {{plan}}{{#until}} sampai {{until}}{{/until}}.",
                    "{{#price}}Biayanya {{price}}.{{/price}}",
                ],
                action: "Lihat layanan",
                short: "Boost Anda ke {{plan}} disetujui{{#until}}, sampai {{until}}{{/until}}."
            ),
            .boostRejected: KindWords(
                "Boost Anda ke {{plan}} tidak disetujui",
                [
                    "Kami tidak dapat memberi {{service}} kecepatan {{plan}}. Tidak ada yang ditagih.",
                    "{{#reason}}Alasannya: {{reason}}{{/reason}}",
                ],
                action: "Lihat layanan",
                short: "Boost Anda ke {{plan}} tidak disetujui. Tidak ada yang ditagih."
            ),
            .serviceSuspended: KindWords(
                "Koneksi Anda dihentikan sementara",
                [
                    "{{service}} untuk sementara tidak dapat terhubung.",
                    "{{#owed}}{{owed}} belum dibayar. Koneksi Anda kembali setelah dibayar.{{/owed}}",
                    "Mohon hubungi kami jika menurut Anda ini keliru.",
                ],
                action: "Buka akun Anda",
                short: "{{service}} dihentikan sementara.{{#owed}} Belum dibayar: {{owed}}.{{/owed}}"
            ),
            .serviceRestored: KindWords(
                "Koneksi Anda kembali",
                ["{{service}} dapat terhubung lagi. Jika belum, matikan lalu nyalakan router Anda."],
                short: "{{service}} dapat terhubung lagi."
            ),
            .accountLocked: KindWords(
                "Akun Anda terkunci",
                [
                    "Ada {{plural failures other=\"# kata sandi salah\"}} berturut-turut{{#source}}, yang terakhir dari {{source}}{{/source}}.",
                    "{{#until}}Anda dapat masuk lagi setelah {{until}}.{{/until}}",
                    "Jika bukan Anda, seseorang mencoba masuk: beri tahu kami.",
                ],
                short: "Akun Anda terkunci karena kata sandi salah{{#until}}, sampai {{until}}{{/until}}."
            ),
            .passwordChanged: KindWords(
                "Kata sandi Anda diganti",
                [
                    "Kata sandi Anda diganti pada {{at}}{{#source}} dari {{source}}{{/source}}.",
                    "Jika bukan Anda, segera pilih yang baru dan beri tahu kami.",
                ],
                short: "Kata sandi Anda diganti pada {{at}}. Bukan Anda? Beri tahu kami."
            ),
            .apiKeyCreated: KindWords(
                "Kunci API baru: {{name}}",
                [
                    "Kunci {{name}} dibuat untuk akun Anda pada {{at}}{{#source}} dari {{source}}{{/source}}.",
                    "Jika bukan Anda, hapus kunci itu dan ganti kata sandi Anda.",
                ],
                short: "Kunci API {{name}} dibuat pada {{at}}."
            ),
            .exportReady: KindWords(
                "{{name}} sudah siap",
                ["Anda dapat mengunduh {{name}}{{#expires_at}} sampai {{expires_at}}{{/expires_at}}."],
                action: "Unduh",
                short: "{{name}} sudah siap."
            ),
            .exportFailed: KindWords(
                "{{name}} tidak dapat dibuat",
                ["{{name}} tidak dapat dibuat.", "{{#reason}}Alasannya: {{reason}}{{/reason}}", "Mohon coba lagi."],
                action: "Coba lagi",
                short: "{{name}} tidak dapat dibuat. Mohon coba lagi."
            ),
            .boostRequested: KindWords(
                "Permintaan boost menunggu: {{service}}",
                ["{{service}} meminta kecepatan {{plan}}. Seseorang harus menyetujui atau menolaknya."],
                action: "Putuskan",
                short: "{{service}} meminta kecepatan {{plan}}."
            ),
            .deviceOffline: KindWords(
                "{{device}} tidak aktif",
                [
                    "{{device}} tidak menjawab sejak {{since}}.",
                    "{{#reason}}Hasil pemeriksaan terakhir: {{reason}}{{/reason}}",
                ],
                action: "Lihat perangkat",
                short: "{{device}} tidak aktif sejak {{since}}{{#reason}} ({{reason}}){{/reason}}."
            ),
            .deviceOnline: KindWords(
                "{{device}} aktif kembali",
                ["{{device}} menjawab lagi sejak {{at}}{{#away_for}}, setelah {{away_for}}{{/away_for}}."],
                action: "Lihat perangkat",
                short: "{{device}} aktif kembali sejak {{at}}{{#away_for}}, setelah {{away_for}}{{/away_for}}."
            ),
            .loginFailuresSpiked: KindWords(
                "Banyak login ditolak{{#place}} di {{place}}{{/place}}",
                [
                    "{{failures}} login ditolak dalam {{window}}{{#place}} di {{place}}{{/place}}.",
                    "Mungkin seseorang menebak kata sandi, atau sebuah perangkat memakai yang salah.",
                ],
                action: "Lihat login",
                short: "{{failures}} login ditolak dalam {{window}}{{#place}} di {{place}}{{/place}}."
            ),
            .poolExhausted: KindWords(
                "Alamat di {{pool}} habis",
                [
                    "Pool {{pool}} sudah habis; {{plural refused other=\"# login\"}} tidak mendapat alamat.",
                    "Tambahkan rentang, atau akhiri sesi yang tertinggal.",
                ],
                action: "Lihat pool",
                short: "Alamat di {{pool}} habis: {{plural refused other=\"# login\"}} ditolak."
            ),
            .licenceExceeded: KindWords(
                "Lisensi Anda terlampaui",
                ["{{what}}: {{used}} dari {{allowed}} yang diizinkan. Mohon perluas lisensi Anda."],
                action: "Lihat lisensi",
                short: "Lisensi terlampaui, {{what}}: {{used}} dari {{allowed}}."
            ),
            .licenceEnded: KindWords(
                "Lisensi Anda telah berakhir",
                [
                    "Lisensi {{plan}} telah berakhir. Mohon perpanjang sebelum {{suspends_at}}: setelah itu akun Anda ditangguhkan."
                ],
                action: "Lihat lisensi",
                short: "Lisensi {{plan}} telah berakhir; akun Anda ditangguhkan pada {{suspends_at}}."
            ),
            .webhookDisabled: KindWords(
                "Sebuah webhook dimatikan",
                [
                    "{{endpoint}} tidak menerima apa pun{{#since}} sejak {{since}}{{/since}} dan dimatikan.",
                    "{{#reason}}Jawaban terakhirnya: {{reason}}{{/reason}}",
                    "Nyalakan lagi bila sudah berfungsi: yang terlewat dapat dikirim ulang.",
                ],
                action: "Lihat webhook",
                short: "Webhook {{endpoint}} dimatikan{{#reason}}: {{reason}}{{/reason}}."
            ),
            .digest: KindWords(
                "{{plural count other=\"# alarm\"}} sejak {{since}}",
                ["{{items}}", "{{#more}}Dan {{more}} lainnya.{{/more}}"],
                action: "Lihat semua",
                short:
                    "{{plural count other=\"# alarm\"}} sejak {{since}}:\n{{items}}{{#more}}\ndan {{more}} lainnya{{/more}}"
            ),
            .announcement: KindWords("{{title}}", ["{{body}}"], action: "Baca selengkapnya", short: "{{body}}"),
            .test: KindWords(
                "Uji coba dari {{tenant}}",
                ["Ini uji coba pada {{at}}. Jika Anda membacanya, pesan sampai kepada Anda lewat cara ini."],
                short: "Uji coba dari {{tenant}} pada {{at}}. Berhasil."
            ),
        ]
    )
}
