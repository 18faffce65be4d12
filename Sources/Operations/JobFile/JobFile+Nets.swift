import Nets
import RocketLaunching
import Training

// The keys of the nets, and which light net is served.
extension JobFile {
    mutating func readNets(_ section: Section) {
        section.require("embedding_dim", .integer(1...256), into: &nets.embeddingDim)
        let isFleet = section.has("lights")
        if !isFleet || section.outline != nil { readNet("light", section, into: &nets.light) }
        section.section("lights") { readLights($0) }
        if isFleet, section.has("light"), section.outline == nil {
            section.problems.add(
                line: section.line(of: "light"),
                "nets.light and nets.lights are both given; write the net of nets.light among nets.lights, with a name")
        }
        readNet("booster", section, into: &nets.booster)
        section.read("embedding_memory", .byteCount, into: &nets.embeddingMemory)
    }

    /// Light nets by their names.
    private mutating func readLights(_ section: Section) {
        var lights: [LightNet] = []
        for name in section.outline == nil ? section.keysInOrder : ["NAME"] {
            if section.outline == nil, let objection = LightNet.objection(to: name) {
                section.problems.add(
                    line: section.line(of: name), "\(section.path): ‘\(name)’ is no name of a net; \(objection)")
            }
            var light = LightNet(name, [])
            var dim: Int?
            readNet(name, section, into: &light.net) { $0.read("embedding_dim", .integer(1...256), into: &dim) }
            light.embeddingDim = dim
            lights.append(light)
        }
        guard section.outline == nil else { return }
        if lights.isEmpty {
            section.problems.add(line: section.line, "\(section.path) is empty; expected nets, each {hidden: [16, 8]}")
        }
        nets.fleet = lights.isEmpty ? nil : Fleet(lights, lead: lights[0].name)
    }

    /// A list of widths, or a mapping that says more.
    ///
    /// - Parameter more: reads what only such a net has.
    private func readNet(
        _ key: String, _ section: Section, into net: inout DenseSpecification, _ more: (Section) -> Void = { _ in }
    ) {
        let width = Form.integer(1...8_192)
        guard section.isMapping(key) else {
            section.require(key, listOf: width, into: &net.hidden)
            return
        }
        section.section(key) {
            $0.require("hidden", listOf: width, into: &net.hidden)
            $0.read("activation", .oneOf(Activation.allCases), into: &net.activation)
            $0.read("batch_norm", .boolean, into: &net.batchNorm)
            $0.read("dropout", .shareBelowOne, into: &net.dropout)
            $0.read("cross_layers", .integer(0...16), into: &net.crossLayers)
            $0.read("linear", .boolean, into: &net.linear)
            more($0)
        }
    }

    /// Layers that nets share must be the same in all, and each net needs a layer of its own.
    func checkSharedLayers(_ section: Section) {
        let count = rocket.sharedLayers
        guard count > 0 else { return }
        let key = section.qualified("shared_layers")
        func refuse(_ reason: String) {
            section.problems.add(line: section.line(of: "shared_layers"), "\(key) is \(count), but \(reason)")
        }
        let booster = nets.booster
        if rocket.sharing != .embeddings {
            refuse("sharing is \(rocket.sharing.rawValue); layers are shared above shared embeddings only")
        }
        for item in nets.lights {
            let light = item.net
            if light.hidden.prefix(count) != booster.hidden.prefix(count) || light.hidden.count < count
                || light.activation != booster.activation || light.dropout != booster.dropout
            {
                refuse("the first \(count) hidden layers of \(item.name) and booster differ; give both the same ones")
            }
            if light.batchNorm || booster.batchNorm {
                refuse("a net has batch_norm, whose statistics are never shared; remove one of the two")
            }
            if light.crossLayers > 0 || booster.crossLayers > 0 {
                refuse("a net has cross_layers, which would lie below them; remove one of the two")
            }
        }
    }

    /// What only several light nets can share, and what cannot be shared.
    func checkSharing(_ section: Section) {
        if rocket.sharing == .lights, nets.lights.count < 2 {
            section.problems.add(
                line: section.line(of: "sharing"),
                "rocket.sharing is lights, but there is one light net; write sharing: nothing, or several nets.lights")
        }
        guard rocket.sharing != .nothing else { return }
        for light in nets.lights where light.embeddingDim != nil {
            section.problems.add(
                line: section.line(of: "sharing"),
                "rocket.sharing is \(rocket.sharing.rawValue), but nets.lights.\(light.name) has an embedding_dim of its own; "
                    + "remove it, or write sharing: nothing")
        }
    }

    // MARK: Which net is served

    mutating func readServe(_ file: Section) {
        // Of several, the largest.
        let lights = nets.lights
        if let largest = bySize(lights).last { served = .net(largest.name) }
        file.section("serve") { readServed($0) }
        guard let fleet = nets.fleet else { return }
        var lead = bySize(lights).last?.name ?? fleet.lead
        if case .net(let name) = served { lead = name }
        nets.fleet?.lead = lead
        nets.light = lights.first { $0.name == lead }?.net ?? nets.light
    }

    private mutating func readServed(_ section: Section) {
        var (net, limit, candidates): (String?, Double?, Int?) = (nil, nil, nil)
        section.read("net", .featureName, into: &net)
        section.read("largest_within_p99_us", .positive, into: &limit)
        section.read("candidates", .integer(1...65_536), into: &candidates)
        guard section.outline == nil else { return }
        func refuse(_ key: String, _ text: String) {
            section.problems.add(line: section.line(of: key), "\(section.qualified(key)) \(text)")
        }
        let names = nets.lights.map(\.name)
        if nets.fleet == nil {
            section.problems.add(
                line: section.line,
                "serve chooses among several light nets, but there is one; write nets.lights, or remove it")
        } else if let net, !names.contains(net) {
            refuse("net", "is ‘\(net)’; expected one of nets.lights: \(names.joined(separator: ", "))")
        }
        if net != nil, limit != nil {
            refuse("largest_within_p99_us", "lets the night choose, but serve.net names the net; remove one of the two")
        }
        if net == nil, limit == nil, !section.has("net"), !section.has("largest_within_p99_us") {
            section.problems.add(
                line: section.line,
                "\(section.path) says nothing; expected net, or largest_within_p99_us and candidates")
        }
        if candidates != nil, limit == nil, !section.has("largest_within_p99_us") {
            refuse("candidates", "is of largest_within_p99_us; write that too, or remove it")
        }
        let sizes = evaluation.latency.batchSizes
        let size = candidates ?? sizes.max() ?? 1
        if limit != nil, !sizes.contains(size) {
            refuse(
                "candidates",
                "is \(size), which the latency report does not time; add it to evaluation.latency.batch_sizes")
        }
        if let net {
            served = .net(net)
        } else if let limit {
            served = .largest(p99Microseconds: limit, candidates: size)
        }
    }

    /// Light nets from the smallest to the largest, by the multiplications per row.
    public func bySize(_ lights: [LightNet]) -> [LightNet] {
        func weights(_ light: LightNet) -> Int {
            let dim = light.embeddingDim ?? nets.embeddingDim
            let embedded = features.fields.reduce(0) { $0 + ($1.embeddingDim ?? dim) }
            return light.net.weightCount(input: embedded + 2 * features.numerics.count)
        }
        return lights.enumerated().sorted { (weights($0.element), $0.offset) < (weights($1.element), $1.offset) }
            .map(\.element)
    }
}

/// How the light net that is served is found.
public enum ServedNet: Equatable, Sendable {
    case net(String)
    /// The largest whose 99th percentile is within a limit, for requests of so many candidates.
    case largest(p99Microseconds: Double, candidates: Int)
}

extension ServedNet: CustomStringConvertible {
    /// A part of versions' fingerprints: with another text every night of several light nets would be made again.
    public var description: String {
        switch self {
        case .net(let name): "net(\"\(name)\")"
        case .largest(let limit, let candidates): "largest(p99Microseconds: \(limit), candidates: \(candidates))"
        }
    }
}
