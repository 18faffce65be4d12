import Days
import FeatureCache
import Foundation

/// A cached day as this process finds it.
public enum CacheLookup: Sendable {
    /// In the job's own folder.
    case here(CachedDay)
    /// In another folder, whole: of another job with the same features, or of an earlier release.
    case elsewhere(CachedDay, folder: String, origin: String)
    /// Nowhere on this machine, or damaged.
    case nowhere(reason: String)

    /// The day; nil if its files must be built.
    public var day: CachedDay? {
        switch self {
        case .here(let day), .elsewhere(let day, _, _): day
        case .nowhere: nil
        }
    }
}

extension Extraction {
    /// Finds the files of a day that the manifest has: in the job's folder, or wherever on this machine any job has
    /// built the same ones. Every frame is checked against its checksum.
    public func find(_ day: CachedDay) throws -> CacheLookup {
        let copies = try self.copies.copies(of: specificationHash, on: day.day)
        var found = day
        var other: CacheCopies.Copy?
        for (index, entry) in day.entries.enumerated() {
            var recorded = copies[entry.part] ?? []
            // A program of an earlier release records nothing else.
            if !recorded.contains(where: { $0.path == entry.path }) {
                recorded.append(CacheCopies.Copy(path: entry.path))
            }
            switch look(for: entry, among: recorded, of: day.day) {
            case .success(let (path, copy)):
                found.entries[index].path = path
                if copy.host.isEmpty, path != copy.path {
                    try self.copies.adopt(copy, at: path, entry, of: specificationHash)
                }
                if copy.folder != folder, other == nil, !path.hasPrefix(folder + "/") { other = copy }
            case .failure(let reason):
                return .nowhere(reason: reason.text)
            }
        }
        guard let other, let path = found.entries.first(where: { !$0.path.hasPrefix(folder + "/") })?.path else {
            return .here(found)
        }
        return .elsewhere(found, folder: CacheCopies.root(of: path), origin: other.origin)
    }

    /// Why a file is not found.
    private struct Reason: Error {
        var text: String
    }

    private func look(
        for entry: CacheManifest.Entry, among copies: [CacheCopies.Copy], of day: Day
    ) -> Result<(String, CacheCopies.Copy), Reason> {
        var reasons: [String] = []
        for copy in copies {
            let paths = place.candidates(for: copy.path)
            for path in paths where FileManager.default.fileExists(atPath: path) {
                var candidate = entry
                candidate.path = path
                guard let damage = damage(of: candidate, on: day) else { return .success((path, copy)) }
                reasons.append(damage)
            }
            guard reasons.isEmpty else { continue }
            reasons.append(absence(of: copy, paths))
        }
        return .failure(Reason(text: reasons.first ?? "\(entry.path) is not there"))
    }

    private func absence(of copy: CacheCopies.Copy, _ paths: [String]) -> String {
        if copy.host.isEmpty, paths.count > 1 {
            return "\(copy.path), which an earlier release recorded relative to the folder it ran in, is neither in "
                + "\(paths[0]) nor above the job file; this job’s files are in \(folder)"
        }
        if copy.host == place.host || copy.host.isEmpty {
            return "\(paths.first ?? copy.path) is not there any more; \(copy.origin)"
        }
        return "\(copy.path) is not on this machine, \(place.host): \(copy.origin); this job’s files are in \(folder)"
    }
}
