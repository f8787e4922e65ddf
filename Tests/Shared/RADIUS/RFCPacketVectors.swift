/// Packets printed in RFCs, with the errata found by recomputing them.
enum RFCPackets {
    /// RFC 2865 §7.1 Access-Request, PAP, user nemo.
    static let papRequest = octets(
        """
        010000380f403f9473978057bd83d5cb98f4227a01066e656d6f02120dbe708d93d413ce3196e43f782a0aee0406c0a8\
        0110050600000003
        """
    )
    /// RFC 2865 §7.1 Access-Accept.
    static let papAccept = octets("0200002686fe220e7624ba2a1005f6bf9b55e0b20606000000010f06000000000e06c0a80103")
    /// RFC 2865 §7.2 Access-Request, CHAP, user flopsy.
    static let chapRequest = octets(
        """
        010100472aee86f08d0d55969ca5978e0d3367a20108666c6f707379031316e97557c316185895f293ff634407727504\
        06c0a80110050600000014060600000002070600000001
        """
    )
    /// RFC 2865 §7.2 Access-Accept.
    static let chapAccept = octets(
        """
        0201003815efbc7dab26cfa3dc34d9c03c8601a40606000000020706000000010806fffffffe0a06000000020d060000\
        00010c06000005dc
        """
    )
    /// RFC 2865 §7.3 Access-Request, identifier 2, user mopsy.
    static let challengeRequest = octets(
        """
        01020039f3a47a1f6a6d76710b947ab93041a03901076d6f707379021233657573778289b570885e15084825c50406c0\
        a80110050600000007
        """
    )
    /// RFC 2865 §7.3 Access-Challenge.
    static let challenge = octets(
        """
        0b02004e36f3c8764ae8c71157403c0c71ff9c4512304368616c6c656e67652033323736393433302e2020456e746572\
        20726573706f6e73652061742070726f6d70742e180a3332373639343330
        """
    )
    /// RFC 2865 §7.3 second Access-Request as printed: its State overruns the packet.
    static let answerMalformed = octets(
        """
        01030043b122556d428a13d0d6253807c457ecf001076d6f7073790212692c1f205fc081b919b95195f561a5810406c0\
        a8011005060000000718103332373639343330
        """
    )
    /// RFC 2865 §7.3 second Access-Request with the State length corrected.
    static let answerRequest = octets(
        """
        01030043b122556d428a13d0d6253807c457ecf001076d6f7073790212692c1f205fc081b919b95195f561a5810406c0\
        a80110050600000007180a3332373639343330
        """
    )
    /// RFC 2865 §7.3 Access-Reject.
    static let answerReject = octets("03030014a42f4fca45916c4e09c8340f9e746aa0")
    /// RFC 5997 §6.1 Status-Server.
    static let statusAuthRequest = octets(
        "0cda00268a54f4686fb394c52866e302185d062350125a665e2e1e8411f3e243822097c84fa3"
    )
    /// RFC 5997 §6.1 Access-Accept.
    static let statusAuthResponse = octets("02da0014ef0d552a4bf2d693ec2b6fe8b5411d66")
    /// RFC 5997 §6.2 Status-Server.
    static let statusAcctRequest = octets(
        "0cb30026925f6b66dd5fed571fcb1db7ad3882605012e8d6eabda910875cd91fdade26367858"
    )
    /// RFC 5997 §6.2 answer, its code corrected to Accounting-Response.
    static let statusAcctResponse = octets("05b300140f6f92145f107e2f504e860a4860669c")
    /// RFC 5997 §6.3 Status-Server.
    static let statusAddressRequest = octets(
        "0c47002cbf58de56ae408ad3b70c8513f9b03fbe0406c00002105012852d6fec61e7ed74b8e32dac2f2a5fb2"
    )
    /// RFC 5997 §6.3 Access-Accept.
    static let statusAddressResponse = octets(
        """
        0247003446f43e62fd0354424cbbebfd6d214e06122052414449555320536572766572207570203220646179732c2031\
        383a3430
        """
    )
    /// RFC 5090 §6 Access-Request 7c, INVITE.
    static let digestInvite = octets(
        """
        017c0061f5e55840e324aa49d216d9dbd069807c0406c0000226050600000005010a31323334353637386c08494e5649\
        54456d1d7369703a3937323236343931333335406578616d706c652e636f6d50127600d5b0bdc33987a60d5c6167b28b\
        3b
        """
    )
    /// RFC 5090 §6 Access-Challenge 7c.
    static let digestInviteChallenge = octets(
        """
        0b7c0048ebe20199c26efead69bf8ab0e786ca4d690a3362616461316130680d6578616d706c652e636f6d6e06617574\
        686f054d443550125da18ed3bbc9513dcbde0a37f51b7de3
        """
    )
    /// RFC 5090 §6 Access-Request 7d.
    static let digestInviteAnswer = octets(
        """
        017d00ddf5e55840e324aa49d216d9dbd069807d0406c0000226050600000005010a31323334353637386c08494e5649\
        54456d1d7369703a3937323236343931333335406578616d706c652e636f6d680d6578616d706c652e636f6d6e066175\
        74686f054d4435710a3536353933613830690a3362616461316130720a30303030303030316722373536393333663733\
        3566636439336639306134626264643534363766323633730a31323334353637387a1a7369703a313233343536373840\
        6578616d706c652e636f6d5012b6c7f7f8d11ef261a26933d234561a60
        """
    )
    /// RFC 5090 §6 Access-Accept 7d.
    static let digestInviteAccept = octets(
        """
        027d0048ffdd74d6470d21cb6fc4d6056be245d26a226638343764653934386431323238356638663431393965333636\
        66316166323150127b76e2f10a7067af601938bf13b0a62e
        """
    )
    /// RFC 5090 §6 Access-Request 7e, GET.
    static let digestGet = octets(
        """
        017e0044f5e55840e324aa49d216d9dbd069807e0406c00002260506000000056c054745546d0d2f696e6465782e6874\
        6d6c5012690bfc95e88df3b185f15cd78e469992
        """
    )
    /// RFC 5090 §6 Access-Challenge 7e.
    static let digestGetChallenge = octets(
        """
        0b7e00482ee5eb01c02c773b6c6ec8515f565e8e690a6133303836616338680d6578616d706c652e636f6d6e06617574\
        686f054d44355012646db2b0af9e72fff2cf7feb33c4952a
        """
    )
    /// RFC 5090 §6 Access-Request 7f.
    static let digestGetAnswer = octets(
        """
        017f00b0f5e55840e324aa49d216d9dbd069807f0406c0000226050600000005010a31323334353637386c054745546d\
        0d2f696e6465782e68746d6c680d6578616d706c652e636f6d6e06617574686f054d4435710a3536353933613830690a\
        6133303836616338720a3030303030303031672261346661633435633237613330663466323434633534613265393966\
        61313137730a31323334353637385012237d85c1478c70c67eeaf22a9c456821
        """
    )
    /// RFC 5090 §6 Access-Accept 7f.
    static let digestGetAccept = octets(
        """
        027f00486364fa6ed66012847c05a0895607c6946a223038633465393432643164306131393164653862336161393863\
        643335313437501243795a3166492ad2a890ad57d5f97d56
        """
    )
    /// RFC 5176 §7 Disconnect-Request by User-Name.
    static let disconnectByUser = octets("2801001c1b23624c3543ceba55f1be55a714ca5e01086d6368696261")
    /// RFC 5176 §7 Disconnect-Request by Acct-Session-Id.
    static let disconnectBySession = octets("2801001ead0d8e5355b6bd02a0cbace64e3877bd2c0a3930323334353637")
    /// RFC 5176 §7 Disconnect-Request by Framed-IP-Address.
    static let disconnectByAddress = octets("2801001a0bda33fe765b05f0fd9cc32a2f6b518208060a000203")

    /// Every packet of this list.
    static let all = [
        papRequest, papAccept, chapRequest, chapAccept, challengeRequest, challenge, answerMalformed,
        answerRequest, answerReject, statusAuthRequest, statusAuthResponse, statusAcctRequest,
        statusAcctResponse, statusAddressRequest, statusAddressResponse, digestInvite, digestInviteChallenge,
        digestInviteAnswer, digestInviteAccept, digestGet, digestGetChallenge, digestGetAnswer, digestGetAccept,
        disconnectByUser, disconnectBySession, disconnectByAddress,
    ]
}
