// Appended to Package.swift by Tests/Sanitizers/run: keeps the chosen test targets and what they need.

func used(by target: Target) -> [String] {
    target.dependencies.compactMap { if case .byNameItem(let name, _) = $0 { name } else { nil } }
}

func packages(of target: Target) -> [String] {
    target.dependencies.compactMap { if case .productItem(_, let package?, _, _) = $0 { package } else { nil } }
}

var kept = chosen
while true {
    let more = kept.union(package.targets.filter { kept.contains($0.name) }.flatMap(used))
    if more == kept { break }
    kept = more
}
if let unknown = chosen.first(where: { name in !package.targets.contains { $0.name == name } }) {
    preconditionFailure("there is no test target \(unknown)")
}
package.targets.removeAll { !kept.contains($0.name) }
package.products = []
let packageNames = Set(package.targets.flatMap(packages))
package.dependencies.removeAll { dependency in
    if case .sourceControl(_, let location, _) = dependency.kind {
        !packageNames.contains { location.hasSuffix("/\($0)") }
    } else {
        false
    }
}
