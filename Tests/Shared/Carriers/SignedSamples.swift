/// What OpenSSL and Python signed, by a key that nobody has any more.
enum SignedSamples {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIDGzCCAgOgAwIBAgIUFqq6gIkmGuocep9R+XE4RcmjHOIwDQYJKoZIhvcNAQEL
        BQAwHDEaMBgGA1UEAwwRc25zLmFtYXpvbmF3cy5jb20wIBcNMjYxMTIyMjIwMDQx
        WhgPMjA4MTA4MjUyMjAwNDFaMBwxGjAYBgNVBAMMEXNucy5hbWF6b25hd3MuY29t
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAshGRKXk+e3yuB0NE2b4d
        3ya1KXNqMzsRy7tjDe3QTvhjKsJV+xuN1BYFUubaVcquDLSRBCv3FzBzKVNDEk8S
        SOvR7ScM+lQhMDUngW6uY92tloDNhL0tAagOJvLppTWCZoOd1NkjSNpriJrExN92
        HpT1IxSBxXe+NBuBGwBLqMp6T90cXs5UHPRiXDW20dwyEjFzIJOHJr723p7QtReE
        zPcYI986LQgA+MMfBvPFtQh4WQqb1lXFmJ9cuPmToeFLOIRCA1dqXY43igODhIHe
        Jkrb22t1VFu72TQjxUyRI4sO6fP5raQtSF+hdTdfEda2wCeZTSsZ78N78v0DBwr9
        gwIDAQABo1MwUTAdBgNVHQ4EFgQUpnDXqfHvjDp13IT+SVjlXG7HGWQwHwYDVR0j
        BBgwFoAUpnDXqfHvjDp13IT+SVjlXG7HGWQwDwYDVR0TAQH/BAUwAwEB/zANBgkq
        hkiG9w0BAQsFAAOCAQEAR6EuzeOI4w6+8VXBeD9EHuMgHAGIhBcLW1KNIpHCNyiU
        c5X0HtAuAs3GhABdQq/Hz3FPnAMVkpFIzX961Tm1AqMJVCZf/BWkc8b48iTeNeUf
        WtH2gZZTUo16vQbzURGQSWa72+/KoNOh+lPDGyFxbaQm9oGrd1w2WvyCjnEe0yto
        Z8P+PBna39JZ7DhsbDpzVpOwdIfo3SGHUe8o1c3f8fBVTtc2QY8zmU52d79XDKpp
        0KfiHDlpZgmOfoW5T8p+tv81/yzQD1QOEJF7HnoNx/oCQ/reLWcKPD/1TImMDJ42
        kTB3XmzkxGDvM+DFZ8XgTaxZ81Wpz43d7XExTevWZA==
        -----END CERTIFICATE-----
        """

    static let publicKey = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAshGRKXk+e3yuB0NE2b4d
        3ya1KXNqMzsRy7tjDe3QTvhjKsJV+xuN1BYFUubaVcquDLSRBCv3FzBzKVNDEk8S
        SOvR7ScM+lQhMDUngW6uY92tloDNhL0tAagOJvLppTWCZoOd1NkjSNpriJrExN92
        HpT1IxSBxXe+NBuBGwBLqMp6T90cXs5UHPRiXDW20dwyEjFzIJOHJr723p7QtReE
        zPcYI986LQgA+MMfBvPFtQh4WQqb1lXFmJ9cuPmToeFLOIRCA1dqXY43igODhIHe
        Jkrb22t1VFu72TQjxUyRI4sO6fP5raQtSF+hdTdfEda2wCeZTSsZ78N78v0DBwr9
        gwIDAQAB
        -----END PUBLIC KEY-----
        """

    static let snsVersion1 = [
        #"{"Type":"Notification","MessageId":"m-1","TopicArn":"arn:aws:sns:eu-west-1:1:isp","Messa"#,
        #"ge":"{\"eventType\":\"Bounce\",\"mail\":{\"messageId\":\"0102-ses-1\",\"tags\":{\"notice"#,
        #"\":[\"00000000000000070000000000000001\"]}},\"bounce\":{\"bounceType\":\"Permanent\",\"t"#,
        #"imestamp\":\"2026-11-22T12:00:00.000Z\"}}","Timestamp":"2026-11-22T12:00:01.000Z","Signa"#,
        #"tureVersion":"1","Signature":"aMJ8j0t0qgu10hobdcWJOn/4airv+PjB2BTHyHp3bNq1Km710f+7ZjTmF2"#,
        #"19RU9oMN3vSB15P45Lqo8AfvE87a+JxCQZQP1YQzutVm1oEYtQae/SIh6OGFC1Rb1QsMygDPokUQFD+7EVZ0IhQv"#,
        #"wUSrHLuqgZHlk5NRcgcbpfdFk2PAxNwCp9D2QjgfK6Ety8QwF+zVx1iNMbwQzzthLPdE3B1Hj11LH4UOesklEf/u"#,
        #"EPx5gZsTLFXRIPb1tNkNxWhcTLSLs61+RWWH4//CKQaEUhzj1jk9GUqWsT6P8h6t2+/9ZfKUGSKmBO5m9t7Ir2TE"#,
        #"yziwdbkyhIPBGl4yySqg==","SigningCertURL":"https://sns.eu-west-1.amazonaws.com/SimpleNoti"#,
        #"ficationService-0.pem"}"#,
    ].joined()

    static let snsVersion2 = [
        #"{"Type":"Notification","MessageId":"m-1","TopicArn":"arn:aws:sns:eu-west-1:1:isp","Messa"#,
        #"ge":"{\"eventType\":\"Bounce\",\"mail\":{\"messageId\":\"0102-ses-1\",\"tags\":{\"notice"#,
        #"\":[\"00000000000000070000000000000001\"]}},\"bounce\":{\"bounceType\":\"Permanent\",\"t"#,
        #"imestamp\":\"2026-11-22T12:00:00.000Z\"}}","Timestamp":"2026-11-22T12:00:01.000Z","Signa"#,
        #"tureVersion":"2","Signature":"lKWiF699xIbfaVs79qUBzZO3oLX4QuWG9IOffj8xDUiG+aD6TMrqY5+fpK"#,
        #"yW3Cl05HyuyIGA3CgWtfT08OeeHkWTML+Lh+FpIFyzhInC9+NuEYD/h9f3SbI99M3rtkA9mAFOrMdRP3ALOUaEH2"#,
        #"MiXKTXRrNujpFUlO8reyuQsUqW3FiaLofqQPvh6PMQJASQPxCjWUamxjjm8HqnLX62ncFOVE8BgZ/j45gzDL10n5"#,
        #"s7tInC46tKkmzjDE5Y9+HKf5wXphq+cUsHcXSQ7trBpybpGNPi6dRWm5A3h7YYI2rY+IfVBfdiVtSXvQjDkAjEGP"#,
        #"Jzgj/InTKP7uhweZIYLw==","SigningCertURL":"https://sns.eu-west-1.amazonaws.com/SimpleNoti"#,
        #"ficationService-0.pem"}"#,
    ].joined()

    static let postal = [
        #"{"event":"MessageDeliveryFailed","timestamp":1795348800.5,"payload":{"message":{"id":1,""#,
        #"token":"t","message_id":"postal-1@rp.isp.example","tag":"0000000000000007000000000000000"#,
        #"1"},"status":"HardFail","timestamp":1795348800.5},"uuid":"u"}"#,
    ].joined()

    static let postalSHA1 = [
        #"Ycy9QmT0SnflCkSP8axuq5HtwP7KnL0b9jsrJxIeLsnbOIsPCvs9mSnxAQVLQKY02UK6mN1TMpwAse8W+OGtwzVv"#,
        #"Y9PBV5qnHcM86EWxfCp0AyMF/RIH8TR9XyWwVpdgodEw+ojiE5Pf5EtTdVPrwvfHu3kfxofs4EazDPG7PFtsRWMX"#,
        #"JUayLHK2c6X3eXriHEfwybsUfnREzYpwrGj5Sb685VIia6RESzHlGc4RF1RXZEOUFJzLNVS92WN6GJkC3TfxRr0C"#,
        #"cTClEVE9UkAE7r5kW7T9Tu2qk4ZwmufiCNxHLY/yR/TMEsgdRsjpLEQrtGO55+Dvu0gIcCErRgba4w=="#,
    ].joined()

    static let postalSHA256 = [
        #"cC4DCczsxn61wlqJdOWzzJMYaxDoUVEjoDLryv0tI7AS3N5C/MtHCHUpM7dc/ZKpbU6nJXWcQvs1NxUtmfstWRvV"#,
        #"0KV15ZvAcriS/oIvpLnyrjRwAFfi+SfRtSyZrStB3Q37fepGoO+TMaYIiTBS7cgz4mKQMbRg5oJcvC0PwaAorBoJ"#,
        #"/6Kkt6UFSquXp1vqzwcU5G9sghJ7f9eUyySGE7t1mK2Nk5MQHisRKURC2SVb6Td+/MjqtPvbnnuui0NNrchohfNf"#,
        #"egsz4s27tkqQjM2/PwbAxyhUO24LLTbMySHSreDSq2W5owYn3XiBrk+kQfiW6IdbjBTguCuzmEZOHw=="#,
    ].joined()

    static let mailgun = "49d5e316014101e5cc6bf857ee35c8ab52bb097b83957c830b22c470bac73e05"
    static let vonage =
        "ff2b495caf2a1d0f30c008f7cb9a6b61db8a856fc128bdf548d7724ea6e27db8"
}
