extension BuiltInDictionary {
    /// The first half of the vendors, by number.
    static let vendors = """
        VENDOR Cisco 9
        BEGIN-VENDOR Cisco
        ATTRIBUTE Cisco-AVPair                 1 string
        ATTRIBUTE Cisco-Policy-Up              37 string
        ATTRIBUTE Cisco-Policy-Down            38 string
        ATTRIBUTE Cisco-Sub-QoS-Pol-In         55 string
        ATTRIBUTE Cisco-Sub-QoS-Pol-Out        56 string
        ATTRIBUTE Cisco-In-ACL                 57 string
        ATTRIBUTE Cisco-Out-ACL                58 string
        ATTRIBUTE Cisco-Sub-Activate-Service   60 string
        ATTRIBUTE Cisco-IPv6-In-ACL            61 string
        ATTRIBUTE Cisco-IPv6-Out-ACL           62 string
        ATTRIBUTE Cisco-Sub-Deactivate-Service 63 string
        ATTRIBUTE Cisco-Account-Info           250 string
        ATTRIBUTE Cisco-Service-Info           251 string
        ATTRIBUTE Cisco-Command-Code           252 string
        ATTRIBUTE Cisco-Control-Info           253 string
        ATTRIBUTE Cisco-Xmit-Rate              255 integer
        END-VENDOR Cisco

        VENDOR Microsoft 311
        BEGIN-VENDOR Microsoft
        ATTRIBUTE MS-CHAP-Response          1 octets[50]
        ATTRIBUTE MS-CHAP-Error             2 string
        ATTRIBUTE MS-MPPE-Encryption-Policy 7 integer
        ATTRIBUTE MS-MPPE-Encryption-Types  8 integer
        ATTRIBUTE MS-CHAP-Domain            10 string
        ATTRIBUTE MS-CHAP-Challenge         11 octets
        ATTRIBUTE MS-CHAP-MPPE-Keys         12 octets[24] encrypt=1
        ATTRIBUTE MS-MPPE-Send-Key          16 octets encrypt=2
        ATTRIBUTE MS-MPPE-Recv-Key          17 octets encrypt=2
        ATTRIBUTE MS-CHAP2-Response         25 octets[50]
        ATTRIBUTE MS-CHAP2-Success          26 octets
        ATTRIBUTE MS-Primary-DNS-Server     28 ipaddr
        ATTRIBUTE MS-Secondary-DNS-Server   29 ipaddr
        ATTRIBUTE MS-Primary-NBNS-Server    30 ipaddr
        ATTRIBUTE MS-Secondary-NBNS-Server  31 ipaddr
        END-VENDOR Microsoft

        VENDOR Ascend 529
        BEGIN-VENDOR Ascend
        ATTRIBUTE Ascend-Data-Rate 197 integer
        ATTRIBUTE Ascend-Xmit-Rate 255 integer
        END-VENDOR Ascend

        VENDOR Huawei 2011
        BEGIN-VENDOR Huawei
        ATTRIBUTE Huawei-Input-Burst-Size           1 integer
        ATTRIBUTE Huawei-Input-Average-Rate         2 integer
        ATTRIBUTE Huawei-Input-Peak-Rate            3 integer
        ATTRIBUTE Huawei-Output-Burst-Size          4 integer
        ATTRIBUTE Huawei-Output-Average-Rate        5 integer
        ATTRIBUTE Huawei-Output-Peak-Rate           6 integer
        ATTRIBUTE Huawei-Remanent-Volume            15 integer
        ATTRIBUTE Huawei-ISP-ID                     17 string
        ATTRIBUTE Huawei-Command                    20 integer
        ATTRIBUTE Huawei-Qos-Profile-Name           31 string
        ATTRIBUTE Huawei-Up-Priority                61 integer
        ATTRIBUTE Huawei-Down-Priority              62 integer
        ATTRIBUTE Huawei-Lease-Time                 74 integer
        ATTRIBUTE Huawei-Input-Peak-Burst-Size      77 integer
        ATTRIBUTE Huawei-Output-Peak-Burst-Size     78 integer
        ATTRIBUTE Huawei-Framed-Pool                88 string
        ATTRIBUTE Huawei-Multicast-Profile          93 string
        ATTRIBUTE Huawei-VPN-Instance               94 string
        ATTRIBUTE Huawei-Policy-Name                95 string
        ATTRIBUTE Huawei-Domain-Name                138 string
        ATTRIBUTE Huawei-HTTP-Redirect-URL          140 string
        ATTRIBUTE Huawei-Acct-IPv6-Input-Octets     144 integer
        ATTRIBUTE Huawei-Acct-IPv6-Output-Octets    145 integer
        ATTRIBUTE Huawei-Acct-IPv6-Input-Packets    146 integer
        ATTRIBUTE Huawei-Acct-IPv6-Output-Packets   147 integer
        ATTRIBUTE Huawei-Acct-IPv6-Input-Gigawords  148 integer
        ATTRIBUTE Huawei-Acct-IPv6-Output-Gigawords 149 integer
        ATTRIBUTE Huawei-Down-QOS-Profile-Name      182 string
        ATTRIBUTE Huawei-Account-Info               184 string
        ATTRIBUTE Huawei-Service-Info               185 string
        ATTRIBUTE Huawei-AVpair                     188 string
        ATTRIBUTE Huawei-Delegated-IPv6-Prefix-Pool 191 string
        END-VENDOR Huawei

        VENDOR Ericsson-AB 2352
        BEGIN-VENDOR Ericsson-AB
        ATTRIBUTE Rate-Limit-Rate            10 integer
        ATTRIBUTE Rate-Limit-Burst           11 integer
        ATTRIBUTE Police-Rate                12 integer
        ATTRIBUTE Police-Burst               13 integer
        ATTRIBUTE Qos-Policing-Profile-Name  87 string
        ATTRIBUTE Qos-Metering-Profile-Name  88 string
        ATTRIBUTE Qos-Policy-Queuing         89 string
        ATTRIBUTE Forward-Policy             92 string
        ATTRIBUTE HTTP-Redirect-Profile-Name 107 string
        ATTRIBUTE Qos-Rate                   126 string
        ATTRIBUTE Acct-Input-Octets-64       128 integer64
        ATTRIBUTE Acct-Output-Octets-64      129 integer64
        ATTRIBUTE Acct-Input-Packets-64      130 integer64
        ATTRIBUTE Acct-Output-Packets-64     131 integer64
        ATTRIBUTE QOS-Rate-Inbound           156 string
        ATTRIBUTE QOS-Rate-Outbound          157 string
        ATTRIBUTE Dynamic-Policy-Filter      164 string
        ATTRIBUTE HTTP-Redirect-URL          165 string
        ATTRIBUTE Service-Name               190 string has_tag
        ATTRIBUTE Service-Action             191 integer has_tag
        ATTRIBUTE Service-Parameter          192 string has_tag
        ATTRIBUTE Service-Error-Cause        193 integer has_tag
        ATTRIBUTE Deactivate-Service-Name    194 string has_tag
        ATTRIBUTE Dynamic-QoS-Param          196 string
        ATTRIBUTE Reauth-Service-Name        204 string has_tag
        END-VENDOR Ericsson-AB

        VENDOR Juniper 2636
        BEGIN-VENDOR Juniper
        ATTRIBUTE Juniper-CoS-Traffic-Control-Profile 38 string
        ATTRIBUTE Juniper-CoS-Parameter               39 string
        ATTRIBUTE Juniper-Firewall-filter-name        44 string
        ATTRIBUTE Juniper-Policer-Parameter           45 string
        ATTRIBUTE Juniper-AV-Pair                     52 string
        END-VENDOR Juniper

        VENDOR ADSL-Forum 3561
        BEGIN-VENDOR ADSL-Forum
        ATTRIBUTE ADSL-Agent-Circuit-Id                 1 octets
        ATTRIBUTE ADSL-Agent-Remote-Id                  2 octets
        ATTRIBUTE Actual-Data-Rate-Upstream             129 integer
        ATTRIBUTE Actual-Data-Rate-Downstream           130 integer
        ATTRIBUTE Minimum-Data-Rate-Upstream            131 integer
        ATTRIBUTE Minimum-Data-Rate-Downstream          132 integer
        ATTRIBUTE Attainable-Data-Rate-Upstream         133 integer
        ATTRIBUTE Attainable-Data-Rate-Downstream       134 integer
        ATTRIBUTE Maximum-Data-Rate-Upstream            135 integer
        ATTRIBUTE Maximum-Data-Rate-Downstream          136 integer
        ATTRIBUTE Maximum-Interleaving-Delay-Upstream   139 integer
        ATTRIBUTE Actual-Interleaving-Delay-Upstream    140 integer
        ATTRIBUTE Maximum-Interleaving-Delay-Downstream 141 integer
        ATTRIBUTE Actual-Interleaving-Delay-Downstream  142 integer
        END-VENDOR ADSL-Forum

        """

    /// The second half. Ubiquiti's are from FreeRADIUS' dictionary after Debian 12; their unit is not documented.
    static let moreVendors = """
        VENDOR ZTE 3902
        BEGIN-VENDOR ZTE
        ATTRIBUTE ZTE-QoS-Profile-Down      82 string
        ATTRIBUTE ZTE-Rate-Ctrl-SCR-Down    83 integer
        ATTRIBUTE ZTE-Rate-Ctrl-Burst-Down  84 integer
        ATTRIBUTE ZTE-Rate-Ctrl-SCR-Up      89 integer
        ATTRIBUTE ZTE-Rate-Ctrl-Burst-Up    91 integer
        ATTRIBUTE ZTE-QOS-Profile-Up        94 string
        ATTRIBUTE ZTE-Rate-Ctrl-SCR-Up-v6   228 integer
        ATTRIBUTE ZTE-QoS-Profile-Up-v6     232 string
        ATTRIBUTE ZTE-Rate-Ctrl-SCR-Down-v6 233 integer
        ATTRIBUTE ZTE-QoS-Profile-Down-v6   237 string
        END-VENDOR ZTE

        VENDOR ERX 4874
        BEGIN-VENDOR ERX
        ATTRIBUTE ERX-Ingress-Policy-Name        10 string
        ATTRIBUTE ERX-Egress-Policy-Name         11 string
        ATTRIBUTE ERX-Qos-Profile-Name           26 string
        ATTRIBUTE ERX-Service-Activate           65 string has_tag
        ATTRIBUTE ERX-Service-Deactivate         66 string
        ATTRIBUTE ERX-Service-Volume             67 integer has_tag
        ATTRIBUTE ERX-Service-Timeout            68 integer has_tag
        ATTRIBUTE ERX-Service-Statistics         69 integer has_tag
        ATTRIBUTE ERX-Qos-Parameters             82 string
        ATTRIBUTE ERX-Service-Session            83 string
        ATTRIBUTE ERX-IPv6-Ingress-Policy-Name   106 string
        ATTRIBUTE ERX-IPv6-Egress-Policy-Name    107 string
        ATTRIBUTE ERX-CoS-Shaping-Pmt-Type       108 string
        ATTRIBUTE ERX-CoS-Scheduler-Pmt-Type     146 string
        ATTRIBUTE ERX-IPv6-Acct-Input-Octets     151 integer
        ATTRIBUTE ERX-IPv6-Acct-Output-Octets    152 integer
        ATTRIBUTE ERX-IPv6-Acct-Input-Packets    153 integer
        ATTRIBUTE ERX-IPv6-Acct-Output-Packets   154 integer
        ATTRIBUTE ERX-IPv6-Acct-Input-Gigawords  155 integer
        ATTRIBUTE ERX-IPv6-Acct-Output-Gigawords 156 integer
        ATTRIBUTE ERX-IPv6-Delegated-Pool-Name   161 string
        ATTRIBUTE ERX-Cos-Shaping-Rate           177 string
        ATTRIBUTE ERX-Update-Service             180 string has_tag
        ATTRIBUTE ERX-Input-Interface-Filter     191 string
        ATTRIBUTE ERX-Output-Interface-Filter    192 string
        ATTRIBUTE ERX-Bulk-CoA-Transaction-Id    194 integer
        ATTRIBUTE ERX-Bulk-CoA-Identifier        195 integer
        END-VENDOR ERX

        VENDOR Alcatel-Lucent-Service-Router 6527
        BEGIN-VENDOR Alcatel-Lucent-Service-Router
        ATTRIBUTE Alc-Subsc-ID-Str             11 string
        ATTRIBUTE Alc-Subsc-Prof-Str           12 string
        ATTRIBUTE Alc-SLA-Prof-Str             13 string
        ATTRIBUTE Alc-Force-Renew              14 string
        ATTRIBUTE Alc-Create-Host              15 string
        ATTRIBUTE Alc-Acct-I-Inprof-Octets-64  19 octets
        ATTRIBUTE Alc-Acct-I-Outprof-Octets-64 20 octets
        ATTRIBUTE Alc-Acct-O-Inprof-Octets-64  21 octets
        ATTRIBUTE Alc-Acct-O-Outprof-Octets-64 22 octets
        ATTRIBUTE Alc-Acct-I-Inprof-Pkts-64    23 octets
        ATTRIBUTE Alc-Acct-I-Outprof-Pkts-64   24 octets
        ATTRIBUTE Alc-Acct-O-Inprof-Pkts-64    25 octets
        ATTRIBUTE Alc-Acct-O-Outprof-Pkts-64   26 octets
        ATTRIBUTE Alc-App-Prof-Str             45 string
        ATTRIBUTE Alc-Force-Nak                98 string
        ATTRIBUTE Alc-Ipv6-Address             99 ipv6addr
        ATTRIBUTE Alc-Serv-Id                  100 integer
        ATTRIBUTE Alc-Subscriber-QoS-Override  126 string
        ATTRIBUTE Alc-Delegated-IPv6-Pool      131 string
        ATTRIBUTE Alc-Subscriber-Filter        134 string
        ATTRIBUTE Alc-Relative-Session-Timeout 160 integer
        ATTRIBUTE Alc-Trigger-Acct-Interim     228 string
        ATTRIBUTE Alc-Remove-Override          238 string
        END-VENDOR Alcatel-Lucent-Service-Router

        VENDOR WISPr 14122
        BEGIN-VENDOR WISPr
        ATTRIBUTE WISPr-Location-ID                  1 string
        ATTRIBUTE WISPr-Location-Name                2 string
        ATTRIBUTE WISPr-Logoff-URL                   3 string
        ATTRIBUTE WISPr-Redirection-URL              4 string
        ATTRIBUTE WISPr-Bandwidth-Min-Up             5 integer
        ATTRIBUTE WISPr-Bandwidth-Min-Down           6 integer
        ATTRIBUTE WISPr-Bandwidth-Max-Up             7 integer
        ATTRIBUTE WISPr-Bandwidth-Max-Down           8 integer
        ATTRIBUTE WISPr-Session-Terminate-Time       9 string
        ATTRIBUTE WISPr-Session-Terminate-End-Of-Day 10 string
        ATTRIBUTE WISPr-Billing-Class-Of-Service     11 string
        END-VENDOR WISPr

        VENDOR ChilliSpot 14559
        BEGIN-VENDOR ChilliSpot
        ATTRIBUTE ChilliSpot-Max-Input-Octets   1 integer
        ATTRIBUTE ChilliSpot-Max-Output-Octets  2 integer
        ATTRIBUTE ChilliSpot-Max-Total-Octets   3 integer
        ATTRIBUTE ChilliSpot-Bandwidth-Max-Up   4 integer
        ATTRIBUTE ChilliSpot-Bandwidth-Max-Down 5 integer
        ATTRIBUTE ChilliSpot-Config             6 string
        ATTRIBUTE ChilliSpot-Lang               7 string
        ATTRIBUTE ChilliSpot-Version            8 string
        ATTRIBUTE ChilliSpot-OriginalURL        9 string
        ATTRIBUTE ChilliSpot-UAM-Allowed        100 string
        ATTRIBUTE ChilliSpot-MAC-Allowed        101 string
        ATTRIBUTE ChilliSpot-Interval           102 integer
        END-VENDOR ChilliSpot

        VENDOR Mikrotik 14988
        BEGIN-VENDOR Mikrotik
        ATTRIBUTE Mikrotik-Recv-Limit            1 integer
        ATTRIBUTE Mikrotik-Xmit-Limit            2 integer
        ATTRIBUTE Mikrotik-Group                 3 string
        ATTRIBUTE Mikrotik-Rate-Limit            8 string
        ATTRIBUTE Mikrotik-Realm                 9 string
        ATTRIBUTE Mikrotik-Host-IP               10 ipaddr
        ATTRIBUTE Mikrotik-Mark-Id               11 string
        ATTRIBUTE Mikrotik-Advertise-URL         12 string
        ATTRIBUTE Mikrotik-Advertise-Interval    13 integer
        ATTRIBUTE Mikrotik-Recv-Limit-Gigawords  14 integer
        ATTRIBUTE Mikrotik-Xmit-Limit-Gigawords  15 integer
        ATTRIBUTE Mikrotik-Total-Limit           17 integer
        ATTRIBUTE Mikrotik-Total-Limit-Gigawords 18 integer
        ATTRIBUTE Mikrotik-Address-List          19 string
        ATTRIBUTE Mikrotik-Delegated-IPv6-Pool   22 string
        ATTRIBUTE Mikrotik-DHCP-Option-Set       23 string
        ATTRIBUTE Mikrotik-Switching-Filter      30 string
        END-VENDOR Mikrotik

        VENDOR H3C 25506
        BEGIN-VENDOR H3C
        ATTRIBUTE H3C-Input-Peak-Rate     1 integer
        ATTRIBUTE H3C-Input-Average-Rate  2 integer
        ATTRIBUTE H3C-Input-Basic-Rate    3 integer
        ATTRIBUTE H3C-Output-Peak-Rate    4 integer
        ATTRIBUTE H3C-Output-Average-Rate 5 integer
        ATTRIBUTE H3C-Output-Basic-Rate   6 integer
        ATTRIBUTE H3C-User-Group          140 string
        ATTRIBUTE H3C-Av-Pair             210 string
        ATTRIBUTE H3C-Subscriber-Profile  252 string
        END-VENDOR H3C

        VENDOR Ubiquiti 41112
        BEGIN-VENDOR Ubiquiti
        ATTRIBUTE UBNT-Data-Rate-DL       1 integer64
        ATTRIBUTE UBNT-Data-Rate-DL-Burst 2 integer64
        ATTRIBUTE UBNT-Data-Rate-UL       3 integer64
        ATTRIBUTE UBNT-Data-Rate-UL-Burst 4 integer64
        END-VENDOR Ubiquiti

        """
}
