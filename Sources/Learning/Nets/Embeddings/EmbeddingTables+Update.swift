import Arrays

extension EmbeddingTables {
    /// Updates the row of each distinct id of a batch once, with its gradient added up.
    ///
    /// Fields are independent of each other, so they may run on several threads; within a field the order is fixed.
    /// Cost: O(ids × dim).
    ///
    /// - Parameters:
    ///   - field: one that has its own table; those that use it are updated with it.
    ///   - occurrences: of all fields.
    ///   - scale: factor on the gradient, as clipping asks for.
    package func update(
        field: Int, _ occurrences: [FieldOccurrences], _ gradients: InputGradients, scale: Float = 1,
        learningRate: Float
    ) {
        forEachGradient(field: field, occurrences, gradients) {
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
    package func squaredNorm(field: Int, _ occurrences: [FieldOccurrences], _ gradients: InputGradients) -> Double {
        var sum = 0.0
        let dim = dims[field]
        forEachGradient(field: field, occurrences, gradients) { _, gradient in
            for column in 0..<dim { sum += Double(gradient[column]) * Double(gradient[column]) }
        }
        return sum
    }

    /// Where the ids of a table occur in a batch, of each field that uses it.
    ///
    /// - Parameter field: one that has a table of its own.
    package func find(field: Int, _ ids: [FieldIDs], rows: Int, into occurrences: [FieldOccurrences]) {
        let scratch = scratch[field]
        scratch.reserve(rows: storedRows(field))
        for user in users[field] {
            occurrences[user].take(
                ids[user], rows: rows, takesMean: layout.fields[user].pooling == .mean, scratch)
        }
    }

    /// Calls `body` with each distinct id of a table in a batch and its gradient `[dim]`, in the order in which ids
    /// first come.
    package func forEachGradient(
        field: Int, _ occurrences: [FieldOccurrences], _ gradients: InputGradients,
        _ body: (Int, UnsafePointer<Float>) -> Void
    ) {
        let dim = dims[field]
        let scratch = scratch[field]
        scratch.reserve(rows: storedRows(field))
        scratch.reserve(ids: users[field].reduce(0) { $0 + occurrences[$1].count }, dim: dim)
        scratch.lend { slots, touched, sums in
            var count = 0
            for user in users[field] {
                let found = occurrences[user]
                // Each id has one sum, whichever of the table's fields it comes in.
                for id in found.ids[..<found.count] where slots[Int(id)] < 0 {
                    slots[Int(id)] = Int32(truncatingIfNeeded: count)
                    touched[count] = Int32(truncatingIfNeeded: Int(id))
                    (sums + count &* dim).update(repeating: 0, count: dim)
                    count &+= 1
                }
                add(gradients, of: user, found, to: sums, slots)
            }
            for number in 0..<count {
                let id = Int(touched[number])
                body(id, sums + number &* dim)
                slots[id] = -1
            }
        }
    }

    /// Adds the gradients of a field's ids to their sums, which `slots` finds.
    private func add(
        _ gradients: InputGradients, of field: Int, _ found: FieldOccurrences, to sums: UnsafeMutablePointer<Float>,
        _ slots: UnsafePointer<Int32>
    ) {
        let dim = dims[field]
        func sum(_ slot: Int) -> UnsafeMutablePointer<Float> { sums + Int(slots[Int(found.ids[slot])]) &* dim }
        if gradients.hasRows {
            add(gradients.rows, width: inputWidth, offset: offsets[field], dim: dim, found, sum)
        }
        // The sums of a table that no other field uses follow each other as the field's distinct ids do.
        let isAlone = users[owners[field]].count == 1
        for layer in gradients.firstLayers where layer.isByIDs && layer.trainsInput {
            if let ids = layer.idGradients(of: field) {
                if isAlone { ids.add(to: sums) } else { ids.add(to: sum) }
            } else if let rows = layer.rowGradients(of: field) {
                add(rows.array, width: rows.width, offset: rows.offset, dim: dim, found, sum)
            }
        }
    }

    @inline(__always)
    private func add(
        _ dx: FloatArray, width: Int, offset: Int, dim: Int, _ found: FieldOccurrences,
        _ sum: (Int) -> UnsafeMutablePointer<Float>
    ) {
        dx.lend { dx in
            found.forEachRow { slot, row, share in
                Kernels.add(share, times: dx + (row &* width &+ offset), into: sum(slot), count: dim)
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
