/// Access packets derived for secret `Vectors.secret` and authenticator `Vectors.requestAuthenticator`.
enum AccessVectors {
    /// Access-Request PAP, User-Name bob, password hello123.
    static let d1 = octets(
        """
        0101005c101112131415161718191a1b1c1d1e1f5012e0724af72da8843b293bc0555c0cc6010105626f6202122d3b6b\
        1ee3e284d52953a04bc8c1eda604060a0000010506000000051f1330322d30302d30302d30302d30302d3241
        """
    )
    /// same, Message-Authenticator LAST (must be accepted: position never matters on receive).
    static let d1b = octets(
        """
        0101005c101112131415161718191a1b1c1d1e1f0105626f6202122d3b6b1ee3e284d52953a04bc8c1eda604060a0000\
        010506000000051f1330322d30302d30302d30302d30302d324150123278ef3973364c922c88f25fc71b73e5
        """
    )
    /// same, no Message-Authenticator (legacy; accept only where the client flag allows).
    static let d1c = octets(
        """
        0101004a101112131415161718191a1b1c1d1e1f0105626f6202122d3b6b1ee3e284d52953a04bc8c1eda604060a0000\
        010506000000051f1330322d30302d30302d30302d30302d3241
        """
    )
    /// D1 with one bit of the MA flipped (silent discard, must not touch dup cache).
    static let d1d = octets(
        """
        0101005c101112131415161718191a1b1c1d1e1f5012e1724af72da8843b293bc0555c0cc6010105626f6202122d3b6b\
        1ee3e284d52953a04bc8c1eda604060a0000010506000000051f1330322d30302d30302d30302d30302d3241
        """
    )
    /// Access-Accept to D1: MA first, Session-Timeout 86400, Framed-IP 10.20.30.40, Acct-Interim 300, Mi...
    static let d2 = octets(
        """
        0201004ffc0b17ec3d61ab6ccfc7000338b1458c50121e4e65490efad036c9c7029761718ad31b060001518008060a14\
        1e2855060000012c1a0f00003a8c080931304d2f35304d190874313a733432
        """
    )
    /// Access-Reject to D1: MA first, Reply-Message "Account expired".
    static let d3 = octets(
        """
        03010037774185cafcc2a53e62da3f57d8cf82af501259f7612eef58d30a906fcedba3db326f12114163636f756e7420\
        65787069726564
        """
    )
    /// Access-Challenge to D1: MA first, State 0102030405060708, Reply-Message "OTP".
    static let d4 = octets(
        """
        0b01003503c65402dea6caf937ad181f3d01491950121fafa2a1126f8a357a2ef2a13103fa7c180a0102030405060708\
        12054f5450
        """
    )
    /// CHAP using Request Authenticator as challenge, ident 0x16, password hello123.
    static let d6a = octets(
        """
        0102004a101112131415161718191a1b1c1d1e1f5012c780c9506d72fe373179e30de71e90230105626f62031316bcea\
        c270ddbcbb324b82f0ff5aa7bdbc04060a000001050600000005
        """
    )
    /// CHAP with CHAP-Challenge a0..af, ident 0x17.
    static let d6b = octets(
        """
        0103005c101112131415161718191a1b1c1d1e1f5012b36dc2c994be7fd607a9100ed778e2b80105626f620313179014\
        4508488e823f2bd0eac16e3c4c193c12a0a1a2a3a4a5a6a7a8a9aaabacadaeaf04060a000001050600000005
        """
    )
    /// MS-CHAPv1 (RFC 2433 B.2 values), user alice, password MyPw; ident 0x2a, flags 01, LM zero.
    static let d7 = octets(
        """
        01040083101112131415161718191a1b1c1d1e1f50123f72c117399689b007d5a84673c12e230107616c6963651a1000\
        0001370b0a102db5df085d30411a3a0000013701342a010000000000000000000000000000000000000000000000004e\
        9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d6104060a000001050600000005
        """
    )
    /// MS-CHAPv2 (RFC 2759 §9.2 values), user "User", password clientPass, ident 0x05.
    static let d8 = octets(
        """
        0105008a101112131415161718191a1b1c1d1e1f5012ac16c0b42aba755d009094fc0ae70c350106557365721a180000\
        01370b125b5d7c7d7b3f2f3e3c2c6021322626281a3a000001371934050021402324255e262a28295f2b3a337c7e0000\
        00000000000082309ecd8d708b5ea08faa3981cd83544233114a3d85d6df04060a000001050600000005
        """
    )
    /// Access-Accept to D8: MA first, MS-CHAP2-Success, MS-MPPE-Send-Key (salt 8001), MS-MPPE-Recv-Key (...
    static let d9 = octets(
        """
        020500c5514d51ab81f4efc69dc5e07d9885ac3b501246ee57bd541ee7462343ed20611be1a01a33000001371a2d0553\
        3d343037413535383931313546443044363230394635313046453943303435363639333243444135361a2a0000013710\
        248001edf8782e4e2376c6595b06e2c1999d77b2de0ce4cd93921f5f66d9f3b6a147361a2a00000137112480025327d4\
        3f4240db4cbbb65c5c5ea828361713841579d43866941bf53b567a89de1a0c000001370706000000011a0c0000013708\
        0600000006
        """
    )
    /// Access-Reject to D8: MA first, MS-CHAP-Error ident 05 "E=691 R=0 C=000102030405060708090A0B0C0D0E...
    static let d10 = octets(
        """
        03050077c5c28476e468c0271e25b130001f68a5501208ff958e02193c6bcaf1960a86778ecd1a5100000137024b0545\
        3d36393120523d3020433d303030313032303330343035303630373038303930413042304330443045304620563d3320\
        4d3d41757468656e7469636174696f6e206661696c6564
        """
    )

    /// Every packet of this list.
    static let all = [
        d1, d1b, d1c, d1d, d2, d3, d4, d6a, d6b, d7, d8, d9, d10,
    ]
}
