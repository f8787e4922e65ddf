/// EAP packets derived for secret `Vectors.secret` and authenticator `Vectors.requestAuthenticator`; the password is
/// hello123.
enum EAPVectors {
    /// Access-Request with EAP-Response/Identity "bob", EAP id 1.
    static let d26 = octets(
        """
        0150003b101112131415161718191a1b1c1d1e1f501217a64b7484c64084aebdbd8b57dfbf600105626f624f0a020100\
        0801626f6204060a000001
        """
    )
    /// Access-Challenge to D26: EAP-Request/MD5 id 2, value 30…3f, State 01…10.
    static let d27 = octets(
        """
        0b500050f2ac273b6af7f70b1c07f90828546fb750123ada077f1ccf7a9ab04dab3761bbb3d14f180102001604103031\
        32333435363738393a3b3c3d3e3f18120102030405060708090a0b0c0d0e0f10
        """
    )
    /// Access-Request: EAP-Response/MD5 to D27, State echoed.
    static let d28 = octets(
        """
        0151005b101112131415161718191a1b1c1d1e1f5012189f2e3c919a910e2b40d595c1ec6e940105626f624f18020200\
        160410f4fa4481aad7d67945505e1abd24806a18120102030405060708090a0b0c0d0e0f1004060a000001
        """
    )
    /// Access-Accept to D28 with EAP-Success id 2.
    static let d29 = octets(
        """
        0251002c021c1176f0f33dd42df35dfce0c34f5c5012f598d75174db6a37ffd99ecd798a184a4f0603020004
        """
    )
    /// Access-Reject to D28 with EAP-Failure id 2.
    static let d30 = octets(
        """
        0351002c28d935a9dcd681000ada06114c830c195012811eb044500430ececdc33f2ca3e17294f0604020004
        """
    )
    /// Access-Request with a 600-octet EAP-TTLS response in EAP-Message attributes of 253, 253 and 94 octets.
    static let d31 = octets(
        """
        0152028f101112131415161718191a1b1c1d1e1f50123a8dfdf8c6eb82ec49d0672604bea94c0105626f624fff020302\
        581500000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c\
        2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c\
        5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c\
        8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbc\
        bdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebec\
        edeeeff0f1f2f3f4f5f64ffff7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f101112131415161718191a\
        1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a\
        4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a\
        7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aa\
        abacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9da\
        dbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f34f60f4f5f6f7f8f9fafbfcfdfeff000102030405060708\
        090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738\
        393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505104060a000001
        """
    )

    static let all = [d26, d27, d28, d29, d30, d31]

    /// EAP-SIM from RFC 4186 Appendix A, in its order: identity, start, challenge, success, re-authentication.
    static let sim = [
        octets(
            """
            0100000501
            """
        ),
        octets(
            """
            0200002001313234343037303130303030303030314065617073696d2e666f6f
            """
        ),
        octets(
            """
            01010010120a00000f02000200010000
            """
        ),
        octets(
            """
            02010020120a0000070500000123456789abcdeffedcba987654321010010001
            """
        ),
        octets(
            """
            01020118120b0000010d0000101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435\
            363738393a3b3c3d3e3f810500009e18b0c29a652263c06efb54dd00a895822d000055f2939bbdb1b19ea1b47fc0b3e0be4c\
            ab2cf7372d98e3023c6bb92415723d58bad66ce084e101b60f5358354bd4218278aea7bf2cbace33106aeddc625b0c1d5aa6\
            7a41739ae5b57950973fc7ff8301073c6f953150fc303ea152d1e10a2d1f4f5226daa1ee9005472252bdb3b71d6f0c3a3490\
            316c46929871bd45cdfdbca6112f07f8be717990d25f6dd7f2b7b320bf4d5a992e880331d729945aec75ae5d43c8eda5fe62\
            33fcac494ee67a0d504d0b050000fef324ac3962b59f3bd78253ae4dcb6a
            """
        ),
        octets(
            """
            0202001c120b00000b050000f56d6433e68ed2976ac11937fc3d1154
            """
        ),
        octets(
            """
            03020004
            """
        ),
        octets(
            """
            010100a4120d000081050000d585ac7786b90336657c77b46575b9c4821d0000686291a9d2abc58caa3294b6e85b44846c44\
            e5dcb2de8b9e80d69d49858a5db84cdc1c9bc95c01b96b6eca313474aea6d31416e19daa9df70f05008841ca8014964d3b30\
            a49bcf43e4d3f18e86295a4a2b38d96c9705c2bbb05c4aace97d5eaff564046c8bd30bc39be5e17ace2b10a60b050000483a\
            1799b83d7cd3d0a1e401d9ee4770
            """
        ),
        octets(
            """
            02010044120d000081050000cdf7ffa65de04c026b56c86b76b102ea82050000b6edd38279e2a1423c1afc5c455c7d560b05\
            0000faf76b71fbe2d255b96a3566c915c617
            """
        ),
    ]
}
