import SharedTesting
import Testing

@Suite struct ImportTests {
    private let tree = SourceTree.shared
    private let manifest = Manifest.shared

    @Test func `the manifest was understood`() {
        #expect(manifest.entries.count > 20)
        #expect(manifest.entries.contains { $0.name == "RADIUS" && $0.dependencies.contains("Crypto") })
    }

    @Test func `a target depends only on what the matrix allows`() {
        for entry in manifest.libraries {
            guard let allowed = ImportMatrix.allowed(entry) else {
                Issue.record("\(entry.name) has no row in ImportMatrix")
                continue
            }
            let excess = Set(entry.dependencies).subtracting(allowed)
            #expect(excess.isEmpty, "Package.swift: \(entry.name) may not depend on \(excess.sorted())")
        }
    }

    @Test func `a file imports only what its target may know`() {
        let ours = Set(manifest.entries.map(\.name)).union(ImportMatrix.adapterOfCLibrary.keys).union(["CPlatform"])
        let suites = manifest.entries.filter { $0.kind == "tests" }.map { $0.path + "/" }
        for file in tree.swiftFiles(under: "Shared", "Services", "Tests/Simulators") {
            if suites.contains(where: file.path.hasPrefix) { continue }
            guard let entry = manifest.owner(of: file.path), let allowed = ImportMatrix.allowed(entry) else {
                Issue.record("\(file.path) belongs to no target")
                continue
            }
            for (module, line) in file.imports where ours.contains(module) {
                #expect(allowed.contains(module), "\(file.path):\(line): \(entry.name) may not import \(module)")
            }
        }
    }

    @Test func `a C library is imported by its adapter alone`() {
        for file in tree.swiftFiles(under: "Shared", "Services", "Tests") {
            for (module, line) in file.imports {
                guard let adapter = ImportMatrix.adapterOfCLibrary[module] else { continue }
                #expect(file.path.hasPrefix(adapter), "\(file.path):\(line): only \(adapter) may import \(module)")
            }
        }
    }

    @Test func `no service imports another`() {
        let services = manifest.libraries.filter { $0.path.hasPrefix("Services/") }
        for service in services where service.kind == "library" {
            let others = Set(services.map(\.name)).subtracting([service.name])
            for file in tree.swiftFiles(under: service.path) {
                for (module, line) in file.imports {
                    #expect(!others.contains(module), "\(file.path):\(line): \(service.name) imports \(module)")
                }
            }
        }
    }

    @Test func `a service names adapters only in its Application`() {
        for file in tree.swiftFiles(under: "Services") {
            let isApplication = file.path.hasSuffix("/Application.swift")
            if isApplication || Allowances.adapterImports.contains(file.path) { continue }
            for (module, line) in file.imports {
                #expect(!ImportMatrix.adapters.contains(module), "\(file.path):\(line): imports the adapter \(module)")
            }
        }
    }

    @Test func `test tools are linked by tests alone`() {
        for entry in manifest.libraries {
            #expect(!entry.dependencies.contains(ImportMatrix.testingModule), "\(entry.name) links SharedTesting")
        }
    }

    @Test func `nothing of the product links a simulator`() {
        let simulators = Set(manifest.entries.filter { $0.path.hasPrefix(ImportMatrix.simulators) }.map(\.name))
        #expect(!simulators.isEmpty)
        for entry in manifest.libraries where !entry.path.hasPrefix(ImportMatrix.simulators) {
            #expect(simulators.isDisjoint(with: entry.dependencies), "\(entry.name) links a simulator")
        }
    }

    @Test func `the product imports no system module beyond those agreed`() {
        let ours = Set(manifest.entries.map(\.name)).union(ImportMatrix.adapterOfCLibrary.keys).union(["CPlatform"])
        for file in tree.swiftFiles(under: "Shared", "Services") {
            let extra: Set<String> = file.path.hasPrefix("Shared/Testing/") ? ["Testing", "Foundation"] : []
            for (module, line) in file.imports where !ours.contains(module) && !extra.contains(module) {
                let known =
                    ImportMatrix.system.contains(module)
                    || (module == "Foundation" && Allowances.foundation.contains(file.path))
                #expect(known, "\(file.path):\(line): imports \(module)")
            }
        }
    }

    @Test func `the domain stands alone`() {
        for file in tree.swiftFiles(under: "Shared/Domain") {
            for (module, line) in file.imports {
                #expect(module == "FoundationEssentials", "\(file.path):\(line): the domain imports \(module)")
            }
        }
    }
}
