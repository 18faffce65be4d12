import Days
import Digests
import Foundation
import JobFile
import Postgres
import Runs
import Training

/// The numbers of epochs that searches have found, in the database. A piece of work keeps the number that it once got,
/// so that it ends with the same weights however often it is interrupted.
package struct EpochChoices {
    private let connection: Connection
    private let work: Work
    private let reuse: Reuse

    /// Whose numbers they are.
    package struct Work {
        let model: String
        /// Digest of settings and data.
        let fingerprint: String
        /// Digest of the settings alone: with equal settings an earlier night's number may be used.
        let settings: String
        /// The last day trained on.
        let trainedTo: Day

        /// - Parameters:
        ///   - fingerprint: of settings and data.
        ///   - purpose: of trainings that are no night's; what they find is of no use to a night. Nil: a night.
        package init(
            _ jobFile: JobFile, _ launch: RankedLaunch, fingerprint: String, trainedTo: Day, purpose: String? = nil
        ) throws {
            model = jobFile.model
            self.fingerprint = fingerprint
            settings = try WorkFingerprint(
                work: SHA256Digest.of((purpose.map { "\($0)\n" } ?? "") + jobFile.fingerprintText()).hex, jobFile,
                launch
            ).version
            self.trainedTo = trainedTo
        }
    }

    /// Whether a search of an earlier night will do.
    package enum Reuse {
        case never
        case ofEarlierNights
    }

    /// A search is repeated after this many days, or when the number of rows has changed by this factor.
    static let days = 7
    static let rowsFactor = 1.5

    package init(_ connection: Connection, _ work: Work, reuse: Reuse) {
        self.connection = connection
        self.work = work
        self.reuse = reuse
    }

    /// The number for a training; nil: it must be searched for.
    ///
    /// - Parameter rows: that are trained on.
    func choice(for training: String, rows: Int) throws -> EpochChoice? {
        if let own = try stored(training) { return own }
        guard reuse == .ofEarlierNights, let earlier = try earlier(training, rows: rows) else { return nil }
        try keep(earlier, for: training, rows: rows)
        return try stored(training)
    }

    private func stored(_ training: String) throws -> EpochChoice? {
        try connection.execute(
            "SELECT choice::text AS choice FROM rocket.epoch_choices WHERE fingerprint = $1 AND training = $2",
            [.text(work.fingerprint), .text(training)]
        ).first.map { try Self.decoded($0.text("choice")) }
    }

    /// What the newest search of the nights before found, with the same settings on about as many rows. Never one of a
    /// later night, whose rows this one could not have seen.
    private func earlier(_ training: String, rows: Int) throws -> EpochChoice? {
        let row = try connection.execute(
            """
            SELECT choice::text AS choice, trained_to::text AS trained_to FROM rocket.epoch_choices
            WHERE model = $1 AND settings = $2 AND training = $3 AND origin IN ('searched', 'cut_short')
              AND trained_to < $4 AND trained_to >= $4::date - $5::int
              AND rows BETWEEN $6::bigint AND $7::bigint
            ORDER BY trained_to DESC, created_at DESC LIMIT 1
            """,
            [
                .text(work.model), .text(work.settings), .text(training), .day(work.trainedTo),
                .int(Self.days - 1), .int(Int(Double(rows) / Self.rowsFactor)),
                .int(Int(Double(rows) * Self.rowsFactor)),
            ]
        ).first
        guard let row else { return nil }
        let found = try Self.decoded(row.text("choice"))
        return EpochChoice(epochs: found.epochs, origin: .reused, searchedFor: try row.text("trained_to"))
    }

    func keep(_ choice: EpochChoice, for training: String, rows: Int) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = .sortedKeys
        try connection.execute(
            """
            INSERT INTO rocket.epoch_choices (
                fingerprint, training, model, settings, trained_to, rows, epochs, origin, choice)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (fingerprint, training) DO NOTHING
            """,
            [
                .text(work.fingerprint), .text(training), .text(work.model), .text(work.settings),
                .day(work.trainedTo), .int(rows), .double(choice.epochs), .text(choice.origin.rawValue),
                .json(String(decoding: try encoder.encode(choice), as: UTF8.self)),
            ])
    }

    private static func decoded(_ text: String) throws -> EpochChoice {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(EpochChoice.self, from: Data(text.utf8))
    }
}

extension EpochChoice {
    /// The result of a search.
    init(_ report: TrainingReport, _ search: EpochSearch) {
        let net: (TrainingReport.ValidationPoint) -> Double? = report.arm == .booster ? \.boosterLoss : \.lightLoss
        let epochs = search.epochs(report.validations, net)
        let points = report.validations.enumerated().map { index, point in
            Point(
                epochs: Double(index + 1) / Double(search.judgements), light: point.lightLoss,
                booster: point.boosterLoss)
        }
        self.init(
            epochs: epochs ?? 1, origin: epochs == nil ? .tooFew : report.isOutOfTime == true ? .cutShort : .searched,
            points: epochs == nil ? [] : points)
    }
}

extension EpochChoice: CustomStringConvertible {
    public var description: String {
        let number = Self.text(epochs) + (epochs == 1 ? " epoch" : " epochs")
        func least(_ loss: (Point) -> Double?) -> String? {
            points.compactMap(loss).min().map { String(format: "%.5f", $0) }
        }
        let found = least { $0.light ?? $0.booster } ?? ""
        let last = points.last.map { Self.text($0.epochs) } ?? "0"
        return switch origin {
        case .written: "\(number), as the job file says"
        case .searched: "\(number): log loss of the held-out rows was least there, \(found), of \(last) epochs"
        case .cutShort:
            "\(number): training.budget ended the search after \(last) epochs; log loss of the held-out rows was \(found)"
        case .reused: "\(number), found by the search of the night that was trained up to \(searchedFor ?? "")"
        case .tooFew: "\(number): the latest rows have too few clicks, or rows without one, to search by"
        }
    }

    private static func text(_ number: Double) -> String {
        number == number.rounded() ? "\(Int(number))" : "\(number)"
    }
}
