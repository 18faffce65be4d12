import Arrays

extension EmbeddingTables {
    /// Writes the embeddings of a field for some rows into the input.
    ///
    /// - Parameters:
    ///   - rows: of the batch; row `r` goes to line `r` of `x`.
    ///   - x: `[batch, inputWidth]`.
    public func gather(field: Int, _ ids: FieldIDs, rows: Range<Int>, into x: FloatArray) {
        gather(
            field: field, ids, rows: rows, into: x, InputPlace(width: inputWidth, offset: offsets[field], firstRow: 0))
    }

    /// Like `gather`, into a separate array.
    func gather(field: Int, _ ids: FieldIDs, rows: Range<Int>, into x: FloatArray, _ place: InputPlace) {
        let (width, offset, dim) = (place.width, place.offset, dims[field])
        precondition((rows.upperBound - place.firstRow) * width <= x.count && offset + dim <= width)
        let takesMean = layout.fields[field].pooling == .mean
        let (table, storedRows) = (rowsHere(field), storedRows(field))
        // Whoever makes ids makes them by the field's rows; a wrong one must not read, and later write, foreign memory.
        func checked(_ id: UInt32) -> Int {
            precondition(Int(id) < storedRows)
            return Int(id)
        }
        lending(table, x) { table, x in
            guard ids.offsets != nil else {
                precondition(rows.lowerBound >= place.firstRow && rows.upperBound <= ids.ids.count)
                ids.ids.withUnsafeBufferPointer { ids in
                    for row in rows {
                        Kernels.copy(
                            table + checked(ids[row]) &* dim,
                            into: x + ((row &- place.firstRow) &* width &+ offset), count: dim)
                    }
                }
                return
            }
            for row in rows {
                let target = x + ((row &- place.firstRow) &* width &+ offset)
                let range = ids.range(row)
                if range.count == 1 {
                    let source = table + checked(ids.ids[range.lowerBound]) &* dim
                    for column in 0..<dim { target[column] = source[column] }
                } else {
                    for column in 0..<dim { target[column] = 0 }
                    for position in range {
                        let source = table + checked(ids.ids[position]) &* dim
                        for column in 0..<dim { target[column] += source[column] }
                    }
                    if takesMean, range.count > 1 {
                        Kernels.scale(target, by: 1 / Float(range.count), count: dim)
                    }
                }
            }
        }
    }
}

extension EmbeddingTables {
    /// Writes some rows of the input: embeddings field by field, then the standardised numerics.
    ///
    /// - Parameters:
    ///   - x: `[…, inputWidth]`.
    ///   - firstRow: the row of its first line.
    package func write(_ rows: SparseRows, _ range: Range<Int>, into x: FloatArray, firstRow: Int = 0) {
        write(
            rows, range, fields: layout.fields.indices, numerics: layout.numerics.indices, into: x, firstRow: firstRow)
    }

    /// Writes the columns of some features only.
    func write(
        _ rows: SparseRows, _ range: Range<Int>, fields: some Sequence<Int>, numerics: some Sequence<Int>,
        into x: FloatArray, firstRow: Int
    ) {
        for field in fields {
            let place = InputPlace(width: inputWidth, offset: offsets[field], firstRow: firstRow)
            gather(field: field, rows.fields[field], rows: range, into: x, place)
        }
        for index in numerics {
            let (shape, column) = (layout.numerics[index], rows.numerics[index])
            let offset = inputWidth - 2 * (layout.numerics.count - index)
            for row in range {
                let place = (row - firstRow) * inputWidth + offset
                (x[place], x[place + 1]) = shape.input(column[row])
            }
        }
    }
}

extension EmbeddingTables {
    /// The rows of a field's table as a batch's ids name them, and how many these are.
    func rowsHere(_ field: Int) -> FloatArray { borrowed?.rows[owners[field]] ?? tables[field] }
    func storedRows(_ field: Int) -> Int { borrowed?.counts[owners[field]] ?? layout.fields[field].storedRows }

    /// Copies the embeddings of a field's distinct ids. `[ids, dim]`
    func copy(field: Int, _ ids: ArraySlice<UInt32>, to target: FloatArray, at start: Int) {
        let (dim, storedRows) = (dims[field], storedRows(field))
        precondition(start + ids.count * dim <= target.count)
        lending(rowsHere(field), target) { table, target in
            var line = target + start
            for id in ids {
                precondition(Int(id) < storedRows)
                Kernels.copy(table + Int(id) &* dim, into: line, count: dim)
                line += dim
            }
        }
    }
}

/// Where a field's embeddings lie in lines of `width` numbers, of which the first is the row `firstRow`'s.
struct InputPlace {
    var width: Int
    var offset: Int
    var firstRow: Int
}
