import Arrays
import Foundation
import Nets

/// An ONNX graph under construction: each call adds a node and returns the name of its output.
struct Graph {
    private(set) var proto = Onnx_GraphProto()
    private var names: [String: Int] = [:]

    /// - Parameter name: The graph's name, which programs that run it show with errors.
    init(name: String) { proto.name = name }

    enum ElementType { case float, int64 }

    /// Adds an input of the graph; each named dimension is open.
    mutating func input(_ name: String, _ type: ElementType, _ dimensions: [String], doc: String) -> String {
        proto.input.append(Self.info(name, type, dimensions, doc: doc))
        return name
    }

    mutating func output(_ name: String, _ type: ElementType, _ dimensions: [String], doc: String, from value: String) {
        add("Identity", [value], output: name)
        proto.output.append(Self.info(name, type, dimensions, doc: doc))
    }

    /// Adds a node with one output, which gets a unique name.
    mutating func add(
        _ operation: String, _ inputs: [String], _ attributes: [(String, Attribute)] = [], domain: String = ""
    ) -> String {
        let number = names[operation, default: 0]
        names[operation] = number + 1
        // No feature's name contains a slash.
        let name = "/\(operation)/\(number)"
        add(operation, inputs, attributes, domain: domain, output: name)
        return name
    }

    enum Attribute {
        case int(Int)
        case ints([Int64])
        case float(Float)
    }

    private mutating func add(
        _ operation: String, _ inputs: [String], _ attributes: [(String, Attribute)] = [], domain: String = "",
        output: String
    ) {
        var node = Onnx_NodeProto()
        node.opType = operation
        node.domain = domain
        node.name = output
        node.input = inputs
        node.output = [output]
        node.attribute = attributes.map { name, value in
            var attribute = Onnx_AttributeProto()
            attribute.name = name
            switch value {
            case .int(let int):
                attribute.i = Int64(int)
                attribute.type = .int
            case .ints(let ints):
                attribute.ints = ints
                attribute.type = .ints
            case .float(let float):
                attribute.f = float
                attribute.type = .float
            }
            return attribute
        }
        proto.node.append(node)
    }

    /// Adds a tensor of floats from a range of an array.
    mutating func tensor(_ name: String, _ shape: [Int], _ array: FloatArray, _ range: Range<Int>) -> String {
        constant(name, shape, .float, array.littleEndianBytes(range))
    }

    mutating func floats(_ name: String, _ values: [Float], shape: [Int] = []) -> String {
        constant(
            name, shape, .float, Data(values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }))
    }

    mutating func double(_ name: String, _ value: Double) -> String {
        constant(name, [], .double, withUnsafeBytes(of: value.bitPattern.littleEndian) { Data($0) })
    }

    mutating func int64s(_ name: String, _ values: [Int], shape: [Int]) -> String {
        constant(name, shape, .int64, Data(values.flatMap { withUnsafeBytes(of: Int64($0).littleEndian, Array.init) }))
    }

    /// Adds a constant, unless one of that name exists.
    private mutating func constant(
        _ name: String, _ shape: [Int], _ type: Onnx_TensorProto.DataType, _ bytes: Data
    ) -> String {
        let name = "/\(name)"
        guard names.updateValue(1, forKey: name) == nil else { return name }
        var tensor = Onnx_TensorProto()
        tensor.name = name
        tensor.dims = shape.map { Int64($0) }
        tensor.dataType = Int32(type.rawValue)
        tensor.rawData = bytes
        proto.initializer.append(tensor)
        return name
    }

    private static func info(
        _ name: String, _ type: ElementType, _ dimensions: [String], doc: String
    ) -> Onnx_ValueInfoProto {
        var info = Onnx_ValueInfoProto()
        info.name = name
        info.docString = doc
        let element: Onnx_TensorProto.DataType = type == .float ? .float : .int64
        info.type.tensorType.elemType = Int32(element.rawValue)
        info.type.tensorType.shape.dim = dimensions.map { name in
            var dimension = Onnx_TensorShapeProto.Dimension()
            dimension.dimParam = name
            return dimension
        }
        return info
    }
}
