import WireFormat

/// The world in the forms that `nexora` takes.
package enum DirectoryFiles {
    /// CSV for `nexora import`: a customer and a service for each subscriber.
    package static func subscribers(_ world: World) -> [UInt8] {
        var text = "code,name,phone,address,username,password,plan,service_status\n"
        for subscriber in world.subscribers {
            let status = subscriber.isSuspended ? "suspended" : "active"
            text += "C\(subscriber.number),Subscriber \(subscriber.number),+39\(1_000_000 + subscriber.number),"
            text += "Via Roma \(subscriber.number % 999 + 1),\(subscriber.username),\(subscriber.password),"
            text += "\(world.plans[subscriber.plan].name),\(status)\n"
        }
        return Array(text.utf8)
    }

    /// A line of JSON for the tenant, each plan and each NAS, with the members that the options of `nexora tenant add`,
    /// `nexora plan add` and `nexora nas add` are named after. Holds secrets.
    package static func directory(_ world: World) -> [UInt8] {
        var lines = line("tenant", [("name", "Sim \(world.wishes.seed)"), ("subdomain", world.tenant)])
        for plan in world.plans {
            lines += line(
                "plan",
                [
                    ("name", plan.name), ("download", "\(plan.downloadMegabits)M"),
                    ("upload", "\(plan.uploadMegabits)M"), ("interim-interval", String(plan.interim)),
                    ("session-limit", "5"), ("price", "19.90"),
                ]
            )
        }
        for nas in world.nases {
            var members = [
                ("name", nas.name), ("address", nas.addressText), ("vendor", nas.kind.vendor), ("secret", nas.secret),
                ("octets-swapped", nas.kind.swapsOctets ? "yes" : "no"),
                ("coa-port", String(nas.kind.controlPort)), ("auth-rate", "0"),
            ]
            if let identifier = nas.identifier { members.append(("identifier", identifier)) }
            lines += line("nas", members)
        }
        return lines
    }

    private static func line(_ kind: String, _ members: [(String, String)]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("kind")
        json.value(kind)
        for (name, value) in members {
            json.key(string: name)
            json.value(value)
        }
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }
}
