/// What the router holds, as JSON for whoever looks on.
enum StateText {
    static func json(_ router: EmulatedRouter) -> String {
        let menus = Menus.all.keys.sorted().map { menu in
            let rows = router.rows(menu).map { row in
                "{"
                    + row.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }.joined(
                        separator: ","
                    ) + "}"
            }
            return "\(quoted(menu)):[\(rows.joined(separator: ","))]"
        }
        let heard = router.heard.map(quoted).joined(separator: ",")
        return """
            {"accepted":\(router.accepted),"open":\(router.open),"commands":[\(heard)],"menus":{\(menus.joined(separator: ","))}}

            """
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
