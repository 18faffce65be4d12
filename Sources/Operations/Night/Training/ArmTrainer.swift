import Collectives
import Days
import Evaluation
import Extract
import FeatureCache
import Features
import Foundation
import JobFile
import Logging
import Nets
import RocketLaunching
import Runs
import Training

/// A trained arm and how its training went.
package struct TrainedArm {
    let arm: Arm
    package let model: CoTrainedModel
    package var report: TrainingReport
    /// What the optimisers remember; nil where no version will resume from this one.
    let optimiserState: [UInt8]?
}

/// One training of an arm on cached days.
struct ArmTraining {
    /// Whose nets and features are trained.
    var job: JobFile
    var arm: Arm
    /// Cache files in time order.
    var entries: [CacheManifest.Entry]
    /// The latest rows of the entries, which are not trained on and judge nothing.
    var leftOut = HeldOut.nothing
    var checkpoints: CheckpointFolder
    var rocket: RocketSpecification
    var training: TrainingSpecification
    /// A booster that was trained alone, for the arms that need one.
    var teacher: CoTrainedModel?
    /// A version that the training resumes from.
    var parent: WarmStart?
}

/// Trains arms with all ranks of a launch.
package struct ArmTrainer {
    let context: JobContext
    let recorder: RunRecorder
    private let extraction: Extraction
    private let launch: RankedLaunch
    private let counted: CountedIDs

    /// - Parameter counted: ids that earlier trainings on the same rows have counted.
    package init(
        _ context: JobContext, _ extraction: Extraction, _ recorder: RunRecorder, _ launch: RankedLaunch,
        counted: CountedIDs
    ) {
        (self.context, self.extraction, self.recorder, self.launch) = (context, extraction, recorder, launch)
        self.counted = counted
    }

    /// Trains one arm with all ranks of the launch. Resumes from the checkpoint that processes before have left.
    func train(_ wanted: ArmTraining) throws -> TrainedArm {
        let entries = wanted.entries
        let readers = try extraction.readers(of: entries)
        let source = try TrainingSource(readers: readers).holdingOut(wanted.leftOut).training
        let training = launch.completed(wanted.training)
        let parent = wanted.parent
        let plan = TrainingPlan(
            arm: wanted.arm,
            layout: parent?.model.layout
                ?? InputLayout(headers: readers.map(\.header), features: wanted.job.features),
            nets: wanted.job.nets, rocket: wanted.rocket, training: training,
            clickRate: Double(source.clicks) / Double(max(1, source.rows)))
        let order = TrainingOrder(
            plan: plan, hasTeacher: wanted.teacher != nil && wanted.arm.needsTeacher, hasParent: parent != nil,
            files: zip(entries, readers).map { TrainingOrder.File(path: $0.absolutePath, checksum: $1.checksum) },
            leftOut: wanted.leftOut,
            checkpoints: wanted.checkpoints.place,
            resume: wanted.checkpoints.find(TrainingOrder.name(wanted.arm, training)))
        if let resume = order.resume {
            context.log.info("training \(order.name) resumes from a checkpoint, after step \(resume.step)")
        }
        let epochs = training.passes.search.map { Double($0.mostEpochs) } ?? training.passes.epochs
        let trained = try train(
            order,
            TrainingOrder.Models(
                teacher: wanted.teacher, parent: parent.map { ($0.model, $0.optimiserState) }),
            samples: Int(Double(source.rows) * epochs))
        let report = trained.report
        context.log.info(
            """
            trained \(order.name): \(report.samples) samples in \(report.steps) steps, \
            \(Int(report.samplesPerSecond)) samples/s
            """)
        if let group = report.group { context.log.info("\(group)") }
        for table in report.ids ?? [] where table.sharedShare > IDTableReport.mostShared {
            context.log.warning("\(table)")
        }
        return trained
    }

    /// Trains; what asked it to stop is what ends it.
    private func train(
        _ order: TrainingOrder, _ models: TrainingOrder.Models, samples: Int
    ) throws -> TrainedArm {
        let collective = launch.collective
        launch.setTimeout(order.plan.training.machine.rankTimeout)
        try collective.send(order)
        let training = try RankedTraining(
            order, collective.share(models, for: order), over: collective, counted: counted, log: context.log)
        do {
            let stops = { recorder.isStopping }
            return try training.run(stops: stops) { state in
                recorder.show(
                    StageProgress(
                        title: "train \(order.name)", done: state.samples, total: samples, unit: "samples"))
            }
        } catch TrainingError.stopped(let step) {
            context.log.notice("\(TrainingError.stopped(step: step))")
            // Another rank may have been asked; what comes after this training cannot continue without it.
            if collective.isShared { context.interruption.request(signal: SIGTERM) }
            try recorder.stopIfAsked()
            throw TrainingError.stopped(step: step)
        }
    }
}

extension CacheManifest.Entry {
    /// Ranks need not have the same working directory.
    fileprivate var absolutePath: String { URL(fileURLWithPath: path).path }
}

extension TrainingReport.Group: CustomStringConvertible {
    public var description: String {
        "\(ranks) ranks on \(hosts) \(hosts == 1 ? "host" : "hosts"), \(shares.map { "\($0) shares" } ?? "undealt rows"): "
            + "sent \(Int(bytesSentPerSample.rounded())) bytes per sample, expected \(Int(expectedBytesPerSample.rounded()))"
    }
}

extension IDTableReport: CustomStringConvertible {
    public var description: String {
        """
        \(feature): \(SharedIDs.percent(sharedShare)) of its values in the training rows share one embedding, because only \
        \(rows - 2) of \(ids) ids fit nets.embedding_memory; raise it, or give \(feature) a minimum_count or a smaller \
        embedding_dim
        """
    }
}

extension InputLayout {
    /// The layout of the cached columns; numerics are standardised by the moments of the training days.
    init(headers: [CacheHeader], features: FeatureSpecification) {
        let first = headers.first
        let fields = first?.fields ?? []
        let numerics = first?.numerics ?? []
        self.init(
            fields: zip(fields, features.fields).map { field, feature in
                FieldShape(
                    name: field.name, rows: feature.hasIDTable ? IDTable.empty.rows : field.rowsInTable,
                    multiValued: field.multiValued, admission: feature.admission, dim: feature.embeddingDim,
                    pooling: feature.pooling == .mean ? .mean : nil, table: feature.table,
                    hasIDTable: feature.hasIDTable ? true : nil)
            },
            numerics: numerics.indices.map { index in
                let columns = headers.map { $0.numerics[index] }
                let count = Double(max(1, columns.reduce(0) { $0 + $1.count }))
                let mean = columns.reduce(0) { $0 + $1.sum } / count
                let variance = max(0, columns.reduce(0) { $0 + $1.sumOfSquares } / count - mean * mean)
                return NumericShape(
                    name: numerics[index].name, mean: mean,
                    standardDeviation: variance > 1e-12 ? variance.squareRoot() : 1)
            })
    }
}

extension Feature {
    /// Which ids have their own embedding; a rule with only an expiry admits every id seen recently.
    fileprivate var admission: IDAdmission? {
        minimumCount == nil && expireAfterDays == nil
            ? nil : IDAdmission(minimumCount: minimumCount ?? 1, expireAfterDays: expireAfterDays)
    }
}

extension TrainingSource {
    /// The blocks of cache files, in time order.
    init(readers: [CacheReader]) {
        self.init(
            rows: readers.reduce(0) { $0 + $1.header.rows }, clicks: readers.reduce(0) { $0 + $1.header.clicks },
            blocks: readers.flatMap { reader in
                (0..<reader.blockCount).map { block in { @Sendable in try reader.block(block) } }
            }, days: readers.flatMap { reader in (0..<reader.blockCount).map { _ in Int32(reader.header.day.ordinal) } }
        )
    }
}

extension Extraction {
    /// Opens cache files that must be of this job's specification.
    func readers(of entries: [CacheManifest.Entry]) throws -> [CacheReader] {
        try entries.map { try CacheReader(path: $0.path, expecting: expectation) }
    }
}
