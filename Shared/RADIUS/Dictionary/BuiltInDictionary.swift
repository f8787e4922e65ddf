/// The server's own small dictionary, for machines without FreeRADIUS' files: the attributes that docs/RADIUS.md lists and
/// those of the vendors whose speeds and control it speaks. Names and numbers are those of the RFCs and the vendors, as
/// FreeRADIUS has them too, so that either dictionary reads what was written with the other.
package enum BuiltInDictionary {
    /// The dictionary. Reads its text anew each time.
    package static func load() throws(DictionaryError) -> AttributeDictionary {
        try AttributeDictionary(text: text, name: fileName)
    }

    /// What stands for a file's name where the text is one.
    package static let fileName = "built-in"

    /// The text, in the format of the files.
    package static let text = standard + names + vendors + moreVendors

    /// RFC 2865, 2866, 2868, 2869, 3162, 3579, 4372, 4818, 4849, 5176, 6911, 6929, 7930 and 8559.
    private static let standard = """
        ATTRIBUTE User-Name                  1 string
        ATTRIBUTE User-Password              2 string encrypt=1
        ATTRIBUTE CHAP-Password              3 octets
        ATTRIBUTE NAS-IP-Address             4 ipaddr
        ATTRIBUTE NAS-Port                   5 integer
        ATTRIBUTE Service-Type               6 integer
        ATTRIBUTE Framed-Protocol            7 integer
        ATTRIBUTE Framed-IP-Address          8 ipaddr
        ATTRIBUTE Framed-IP-Netmask          9 ipaddr
        ATTRIBUTE Framed-Routing             10 integer
        ATTRIBUTE Filter-Id                  11 string
        ATTRIBUTE Framed-MTU                 12 integer
        ATTRIBUTE Framed-Compression         13 integer
        ATTRIBUTE Login-IP-Host              14 ipaddr
        ATTRIBUTE Login-Service              15 integer
        ATTRIBUTE Reply-Message              18 string
        ATTRIBUTE Callback-Number            19 string
        ATTRIBUTE Framed-Route               22 string
        ATTRIBUTE State                      24 octets
        ATTRIBUTE Class                      25 octets
        ATTRIBUTE Vendor-Specific            26 vsa
        ATTRIBUTE Session-Timeout            27 integer
        ATTRIBUTE Idle-Timeout               28 integer
        ATTRIBUTE Termination-Action         29 integer
        ATTRIBUTE Called-Station-Id          30 string
        ATTRIBUTE Calling-Station-Id         31 string
        ATTRIBUTE NAS-Identifier             32 string
        ATTRIBUTE Proxy-State                33 octets
        ATTRIBUTE Acct-Status-Type           40 integer
        ATTRIBUTE Acct-Delay-Time            41 integer
        ATTRIBUTE Acct-Input-Octets          42 integer
        ATTRIBUTE Acct-Output-Octets         43 integer
        ATTRIBUTE Acct-Session-Id            44 string
        ATTRIBUTE Acct-Authentic             45 integer
        ATTRIBUTE Acct-Session-Time          46 integer
        ATTRIBUTE Acct-Input-Packets         47 integer
        ATTRIBUTE Acct-Output-Packets        48 integer
        ATTRIBUTE Acct-Terminate-Cause       49 integer
        ATTRIBUTE Acct-Multi-Session-Id      50 string
        ATTRIBUTE Acct-Link-Count            51 integer
        ATTRIBUTE Acct-Input-Gigawords       52 integer
        ATTRIBUTE Acct-Output-Gigawords      53 integer
        ATTRIBUTE Event-Timestamp            55 date
        ATTRIBUTE CHAP-Challenge             60 octets
        ATTRIBUTE NAS-Port-Type              61 integer
        ATTRIBUTE Port-Limit                 62 integer
        ATTRIBUTE Tunnel-Type                64 integer has_tag
        ATTRIBUTE Tunnel-Medium-Type         65 integer has_tag
        ATTRIBUTE Tunnel-Client-Endpoint     66 string has_tag
        ATTRIBUTE Tunnel-Server-Endpoint     67 string has_tag
        ATTRIBUTE Tunnel-Password            69 string has_tag,encrypt=2
        ATTRIBUTE Connect-Info               77 string
        ATTRIBUTE EAP-Message                79 octets concat
        ATTRIBUTE Message-Authenticator      80 octets
        ATTRIBUTE Tunnel-Private-Group-Id    81 string has_tag
        ATTRIBUTE Acct-Interim-Interval      85 integer
        ATTRIBUTE NAS-Port-Id                87 string
        ATTRIBUTE Framed-Pool                88 string
        ATTRIBUTE Chargeable-User-Identity   89 octets
        ATTRIBUTE NAS-Filter-Rule            92 string
        ATTRIBUTE NAS-IPv6-Address           95 ipv6addr
        ATTRIBUTE Framed-Interface-Id        96 ifid
        ATTRIBUTE Framed-IPv6-Prefix         97 ipv6prefix
        ATTRIBUTE Framed-IPv6-Route          99 string
        ATTRIBUTE Framed-IPv6-Pool           100 string
        ATTRIBUTE Error-Cause                101 integer
        ATTRIBUTE Delegated-IPv6-Prefix      123 ipv6prefix
        ATTRIBUTE Framed-IPv6-Address        168 ipv6addr
        ATTRIBUTE DNS-Server-IPv6-Address    169 ipv6addr
        ATTRIBUTE Route-IPv6-Information     170 ipv6prefix
        ATTRIBUTE Delegated-IPv6-Prefix-Pool 171 string
        ATTRIBUTE Stateful-IPv6-Address-Pool 172 string
        ATTRIBUTE Extended-Attribute-1       241 extended
        ATTRIBUTE Extended-Attribute-2       242 extended
        ATTRIBUTE Extended-Attribute-3       243 extended
        ATTRIBUTE Extended-Attribute-4       244 extended
        ATTRIBUTE Extended-Attribute-5       245 long-extended
        ATTRIBUTE Extended-Attribute-6       246 long-extended
        ATTRIBUTE Original-Packet-Code       241.4 integer
        ATTRIBUTE Operator-NAS-Identifier    241.8 octets
        ATTRIBUTE Extended-Vendor-Specific-1 241.26 evs
        ATTRIBUTE Extended-Vendor-Specific-2 242.26 evs
        ATTRIBUTE Extended-Vendor-Specific-3 243.26 evs
        ATTRIBUTE Extended-Vendor-Specific-4 244.26 evs
        ATTRIBUTE Extended-Vendor-Specific-5 245.26 evs
        ATTRIBUTE Extended-Vendor-Specific-6 246.26 evs

        """

    /// Names of numbers, from the same RFCs and RFC 3580 §3.31.
    private static let names = """
        VALUE Service-Type         Login-User 1
        VALUE Service-Type         Framed-User 2
        VALUE Service-Type         Callback-Login-User 3
        VALUE Service-Type         Callback-Framed-User 4
        VALUE Service-Type         Outbound-User 5
        VALUE Service-Type         Administrative-User 6
        VALUE Service-Type         NAS-Prompt-User 7
        VALUE Service-Type         Authenticate-Only 8
        VALUE Service-Type         Callback-NAS-Prompt 9
        VALUE Service-Type         Call-Check 10
        VALUE Service-Type         Callback-Administrative 11
        VALUE Service-Type         Authorize-Only 17
        VALUE Framed-Protocol      PPP 1
        VALUE Framed-Protocol      SLIP 2
        VALUE Framed-Routing       None 0
        VALUE Framed-Routing       Broadcast 1
        VALUE Framed-Routing       Listen 2
        VALUE Framed-Routing       Broadcast-Listen 3
        VALUE Framed-Compression   None 0
        VALUE Framed-Compression   Van-Jacobson-TCP-IP 1
        VALUE Termination-Action   Default 0
        VALUE Termination-Action   RADIUS-Request 1
        VALUE NAS-Port-Type        Async 0
        VALUE NAS-Port-Type        ISDN 2
        VALUE NAS-Port-Type        Virtual 5
        VALUE NAS-Port-Type        Ethernet 15
        VALUE NAS-Port-Type        xDSL 16
        VALUE NAS-Port-Type        Cable 17
        VALUE NAS-Port-Type        Wireless-Other 18
        VALUE NAS-Port-Type        Wireless-802.11 19
        VALUE Acct-Status-Type     Start 1
        VALUE Acct-Status-Type     Stop 2
        VALUE Acct-Status-Type     Interim-Update 3
        VALUE Acct-Status-Type     Accounting-On 7
        VALUE Acct-Status-Type     Accounting-Off 8
        VALUE Acct-Status-Type     Failed 15
        VALUE Acct-Authentic       RADIUS 1
        VALUE Acct-Authentic       Local 2
        VALUE Acct-Authentic       Remote 3
        VALUE Acct-Terminate-Cause User-Request 1
        VALUE Acct-Terminate-Cause Lost-Carrier 2
        VALUE Acct-Terminate-Cause Lost-Service 3
        VALUE Acct-Terminate-Cause Idle-Timeout 4
        VALUE Acct-Terminate-Cause Session-Timeout 5
        VALUE Acct-Terminate-Cause Admin-Reset 6
        VALUE Acct-Terminate-Cause Admin-Reboot 7
        VALUE Acct-Terminate-Cause Port-Error 8
        VALUE Acct-Terminate-Cause NAS-Error 9
        VALUE Acct-Terminate-Cause NAS-Request 10
        VALUE Acct-Terminate-Cause NAS-Reboot 11
        VALUE Acct-Terminate-Cause Port-Unneeded 12
        VALUE Acct-Terminate-Cause Port-Preempted 13
        VALUE Acct-Terminate-Cause Port-Suspended 14
        VALUE Acct-Terminate-Cause Service-Unavailable 15
        VALUE Acct-Terminate-Cause Callback 16
        VALUE Acct-Terminate-Cause User-Error 17
        VALUE Acct-Terminate-Cause Host-Request 18
        VALUE Tunnel-Type          PPTP 1
        VALUE Tunnel-Type          L2F 2
        VALUE Tunnel-Type          L2TP 3
        VALUE Tunnel-Type          GRE 10
        VALUE Tunnel-Type          VLAN 13
        VALUE Tunnel-Medium-Type   IPv4 1
        VALUE Tunnel-Medium-Type   IPv6 2
        VALUE Tunnel-Medium-Type   IEEE-802 6
        VALUE Error-Cause          Residual-Context-Removed 201
        VALUE Error-Cause          Invalid-EAP-Packet 202
        VALUE Error-Cause          Unsupported-Attribute 401
        VALUE Error-Cause          Missing-Attribute 402
        VALUE Error-Cause          NAS-Identification-Mismatch 403
        VALUE Error-Cause          Invalid-Request 404
        VALUE Error-Cause          Unsupported-Service 405
        VALUE Error-Cause          Unsupported-Extension 406
        VALUE Error-Cause          Invalid-Attribute-Value 407
        VALUE Error-Cause          Administratively-Prohibited 501
        VALUE Error-Cause          Proxy-Request-Not-Routable 502
        VALUE Error-Cause          Session-Context-Not-Found 503
        VALUE Error-Cause          Session-Context-Not-Removable 504
        VALUE Error-Cause          Proxy-Processing-Error 505
        VALUE Error-Cause          Resources-Unavailable 506
        VALUE Error-Cause          Request-Initiated 507
        VALUE Error-Cause          Multiple-Session-Selection-Unsupported 508

        """
}
