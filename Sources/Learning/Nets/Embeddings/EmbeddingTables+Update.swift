import Arrays

extension EmbeddingTables {
    /// Adds up the gradient of each id that the batch has, field by field and in row order, and updates its row once.
    ///
    /// Fields are independent of each other, so they may run on several threads; within a field the order is fixed.
    /// Cost: O(ids × dim).
    ///
    /// - Parameters:
    ///   - field: one that has its own table; those that use it are updated with it.
    ///   - ids: of all fields.
    ///   - dx: `[batch, inputWidth]`.
    ///   - scale: factor on the gradient, as clipping asks for.
    public func update(
        field: Int, _ ids: [FieldIDs], rows: Int, gradient dx: FloatArray, scale: Float = 1, learningRate: Float
    ) {
        coalesce(field: field, ids, rows: rows, gradient: dx) {
            update(field: field, row: $0, gradient: $1, scale: scale, learningRate: learningRate)
        }
    }

    /// One step of the optimiser on a row that is kept here, with its whole gradient `[dim]`.
    @inline(__always)
    func update(field: Int, row: Int, gradient: UnsafePointer<Float>, scale: Float, learningRate: Float) {
        let dim = dims[field]
        lending(tables[field], squares[field]) { table, squares in
            switch method {
            case .adagrad:
                Kernels.adagrad(
                    table + row &* dim, gradient: gradient, square: squares + row, count: dim, scale: scale,
                    rate: learningRate)
            case .ftrl(let ftrl):
                leads[field].lend { leads in
                    for place in row &* dim..<(row &+ 1) &* dim {
                        Kernels.ftrl(
                            table + place, gradient: scale * gradient[place &- row &* dim], z: leads + place,
                            squares: squares + place, rate: learningRate, ftrl)
                    }
                }
            }
        }
    }

    /// Sum of the squares of a field's gradient, each id's added up first.
    public func squaredNorm(field: Int, _ ids: [FieldIDs], rows: Int, gradient dx: FloatArray) -> Double {
        var sum = 0.0
        let dim = dims[field]
        coalesce(field: field, ids, rows: rows, gradient: dx) { _, gradient in
            for column in 0..<dim { sum += Double(gradient[column]) * Double(gradient[column]) }
        }
        return sum
    }

    /// Calls `body` with each id of the batch and its gradient `[dim]`, in the order in which ids first come.
    private func coalesce(
        field: Int, _ ids: [FieldIDs], rows: Int, gradient dx: FloatArray,
        _ body: (Int, UnsafePointer<Float>) -> Void
    ) {
        guard rows > 0 else { return }
        let dim = dims[field]
        let scratch = scratch[field]
        scratch.reserve(ids: users[field].reduce(0) { $0 + ids[$1].range(rows - 1).upperBound }, dim: dim)
        dx.lend { dx in
            scratch.lend { slots, touched, sums in
                var count = 0
                forEachID(field: field, ids, rows: rows, gradient: dx) { id, source, share in
                    let slot = Int(slots[id])
                    if slot < 0 {
                        slots[id] = Int32(truncatingIfNeeded: count)
                        touched[count] = Int32(truncatingIfNeeded: id)
                        (sums + count &* dim).update(from: source, count: dim)
                        if share != 1 { Kernels.scale(sums + count &* dim, by: share, count: dim) }
                        count &+= 1
                    } else {
                        Kernels.add(share, times: source, into: sums + slot &* dim, count: dim)
                    }
                }
                for slot in 0..<count {
                    let id = Int(touched[slot])
                    body(id, sums + slot &* dim)
                    slots[id] = -1
                }
            }
        }
    }

    /// Calls `body` with each id of a table in a batch, the gradient `[dim]` of its place and its share of that.
    @inline(__always)
    func forEachID(
        field: Int, _ ids: [FieldIDs], rows: Int, gradient dx: UnsafePointer<Float>,
        _ body: (Int, UnsafePointer<Float>, Float) -> Void
    ) {
        for user in users[field] {
            let (ids, offset) = (ids[user], offsets[user])
            let takesMean = layout.fields[user].pooling == .mean
            for row in 0..<rows {
                let source = dx + (row &* inputWidth &+ offset)
                let range = ids.range(row)
                let share = takesMean ? 1 / Float(range.count) : 1
                for position in range { body(Int(ids.ids[position]), source, share) }
            }
        }
    }

    /// The same of gradients that ranks have sent, in the order of the ranks.
    func coalesce(
        field: Int, _ contributions: [RowContribution], of received: FloatArray,
        _ body: (Int, UnsafePointer<Float>) -> Void
    ) {
        let dim = dims[field]
        let scratch = scratch[field]
        scratch.reserve(ids: contributions.reduce(0) { $0 + $1.places.count }, dim: dim)
        received.lend { received in
            scratch.lend { slots, touched, sums in
                var count = 0
                for contribution in contributions {
                    var source = received + contribution.start
                    for place in contribution.places {
                        let row = Int(place)
                        let slot = Int(slots[row])
                        if slot < 0 {
                            slots[row] = Int32(truncatingIfNeeded: count)
                            touched[count] = Int32(truncatingIfNeeded: row)
                            (sums + count &* dim).update(from: source, count: dim)
                            count &+= 1
                        } else {
                            Kernels.add(source, into: sums + slot &* dim, count: dim)
                        }
                        source += dim
                    }
                }
                for slot in 0..<count {
                    let row = Int(touched[slot])
                    body(row, sums + slot &* dim)
                    slots[row] = -1
                }
            }
        }
    }
}
