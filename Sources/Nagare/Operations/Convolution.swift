import CNagareKernels

// What the convolutions and their gradients share.

/// The attributes of a convolution.
struct ConvolutionAttributes: Sendable {
  var strides: [Int] = []
  var padding = PaddingScheme.valid
  var explicitPaddings: [Int] = []
  var dataFormat = DataFormat.nhwc
  var dilations = [1, 1, 1, 1]
  /// Without meaning here; kept for the graph file.
  var useCuDNN = true

  init() {}

  init(
    strides: (Int, Int), padding: Padding, dataFormat: DataFormat, dilations: (Int, Int)
  ) {
    self.strides = dataFormat.arranged(1, strides.0, strides.1, 1)
    self.padding = padding.scheme
    explicitPaddings = padding.explicitPaddings(dataFormat)
    self.dataFormat = dataFormat
    self.dilations = dataFormat.arranged(1, dilations.0, dilations.1, 1)
  }

  /// The window along the height (0) or the width (1).
  private func window(_ axis: Int) -> SlidingWindow {
    let index = dataFormat.heightIndex + axis
    let isExplicit = padding == .explicit
    return SlidingWindow(
      stride: strides[index], dilation: dilations[index], scheme: padding,
      before: isExplicit ? explicitPaddings[2 * index] : 0,
      after: isExplicit ? explicitPaddings[2 * index + 1] : 0)
  }

  /// The shape of a convolution's output.
  func output(of input: Shape, filter: Shape, _ channels: Int?) throws(GraphError) -> Shape {
    try checkExplicitPaddings(explicitPaddings, padding, dataFormat)
    let index = dataFormat.heightIndex
    let height = try window(0).output(input: input[index], size: filter[0])
    let width = try window(1).output(input: input[index + 1], size: filter[1])
    return Shape(dataFormat.arranged(input[0], height, width, channels))
  }

  /// What TensorFlow's kernels check of the attributes alone.
  func check(_ refusal: GraphError.Code) throws(GraphError) {
    guard strides.count == 4 else {
      throw .invalidArgument("Sliding window strides field must specify 4 dimensions")
    }
    guard dilations.count == 4 else {
      throw .invalidArgument("Sliding window dilations field must specify 4 dimensions")
    }
    let channel = dataFormat.channelIndex
    guard strides[0] == 1, strides[channel] == 1 else {
      throw GraphError(
        refusal,
        "Current implementation does not yet support strides in the batch and depth dimensions.")
    }
    guard dilations[0] == 1, dilations[channel] == 1 else {
      throw .invalidArgument(
        "Current implementation does not yet support dilations in the batch and depth dimensions.")
    }
    try checkExplicitPaddings(explicitPaddings, padding, dataFormat)
  }

  /// The geometry of a convolution of pictures of the sizes `input` (batch, height, width, channels)
  /// with a filter of the sizes `filter`.
  ///
  /// - Throws: `invalidArgument` when the window does not fit, `resourceExhausted` when what surrounds
  ///   the picture could not be addressed.
  func geometry(input: [Int], filter: [Int]) throws(GraphError) -> nagare_convolution {
    let vertical = window(0)
    let horizontal = window(1)
    let (height, top) = try vertical.placed(input: input[1], size: filter[0])
    let (width, left) = try horizontal.placed(input: input[2], size: filter[1])
    // A bound on what kernels copy, so that none of their sums overflows.
    func extent(_ input: Int, _ size: Int, _ output: Int, _ window: SlidingWindow) -> Double {
      Double(input) + Double(size) * Double(window.dilation) + Double(output)
        * Double(window.stride)
    }
    let elements =
      extent(input[1], filter[0], height, vertical) * extent(input[2], filter[1], width, horizontal)
      * Double(max(1, input[3], filter[3]))
    guard elements < 0x1p45 else {
      throw .resourceExhausted(
        "A filter of \(Shape(filter)) over pictures of \(Shape(input)) does not fit in memory")
    }
    return nagare_convolution(
      batch: Int64(input[0]), input_height: Int64(input[1]), input_width: Int64(input[2]),
      input_channels: Int64(input[3]), output_height: Int64(height), output_width: Int64(width),
      output_channels: Int64(filter[3]), filter_height: Int64(filter[0]),
      filter_width: Int64(filter[1]), stride_height: Int64(vertical.stride),
      stride_width: Int64(horizontal.stride), dilation_height: Int64(vertical.dilation),
      dilation_width: Int64(horizontal.dilation), padding_top: Int64(top),
      padding_left: Int64(left), groups: 1)
  }
}

extension nagare_convolution {
  /// Batch, height, width and channels of the output.
  var output: [Int] {
    [Int(batch), Int(output_height), Int(output_width), Int(output_channels)]
  }
}

/// What becomes of the results of a convolution or of a product of matrices.
struct Epilogue {
  enum Activation { case none, relu, relu6 }

  /// One element an output channel or column, added to every pixel or row.
  var bias: Tensor?
  /// The node that adds it, where that is another than the one that runs.
  var biasNode: Node?
  /// A tensor like the output, added after that.
  var addend: Tensor?
  var activation = Activation.none

  /// Checks the tensors against the output's dimensions, which are known in the run only.
  ///
  /// - Throws: `invalidArgument` in BiasAdd's words.
  func check(_ output: [Int]) throws(GraphError) {
    if let bias, bias.dimensions != [output[output.count - 1]] {
      let refusal = GraphError.invalidArgument(
        "Must provide as many biases as the last dimension of the input tensor: \(bias.shape) vs. "
          + "\(Shape(output))")
      throw biasNode.map {
        Plan.located(
          refusal, $0,
          [TensorSpec(bias.dataType, Shape(output)), TensorSpec(bias.dataType, bias.shape)])
      } ?? refusal
    }
    if let addend, addend.dimensions != output {
      throw .internalError("\(addend.shape) is added to \(Shape(output)) in a kernel")
    }
  }

  /// What becomes of results that no kernel has made.
  func applied(to results: Tensor, _ context: KernelContext) throws(GraphError) -> Tensor {
    var results = results
    if let bias { results = try BiasAdd().compute([results, bias], context)[0] }
    if let addend { results = try AddV2().computeOutput([results, addend], context) }
    switch activation {
    case .none: return results
    case .relu: return try Relu().computeOutput([results], context)
    case .relu6: return try Relu6().computeOutput([results], context)
    }
  }

  /// As kernels take it; the tensors must outlive it.
  ///
  /// - Parameter pooled: Whether the results are pooled, and where the winners go.
  func unmanaged<T: Scalar>(
    _: T.Type, pooled: (Bool, winners: UnsafeMutablePointer<UInt8>?) = (false, nil)
  ) -> nagare_epilogue {
    nagare_epilogue(
      bias: UnsafeRawPointer(bias?.pointer(T.self)),
      addend: UnsafeRawPointer(addend?.pointer(T.self)), relu: activation != .none,
      capped: activation == .relu6, pools: pooled.0, winners: pooled.winners)
  }
}

/// An op with the attributes of a convolution.
protocol ConvolutionOp: Op {
  var convolution: ConvolutionAttributes { get set }
}

extension ConvolutionOp {
  init(_ convolution: ConvolutionAttributes) {
    self.init()
    self.convolution = convolution
  }

  static var depthwiseAttributes: [Attribute<Self>] {
    [
      .required("strides", \.convolution.strides), .required("padding", \.convolution.padding),
      .attribute("explicit_paddings", \.convolution.explicitPaddings),
      .attribute("data_format", \.convolution.dataFormat),
      .attribute("dilations", \.convolution.dilations),
    ]
  }

  static var convolutionAttributes: [Attribute<Self>] {
    depthwiseAttributes + [.attribute("use_cudnn_on_gpu", \.convolution.useCuDNN)]
  }
}

/// The sizes that a gradient op takes as an input, where they are needed as numbers.
///
/// - Throws: `invalidArgument` for a negative size.
func checkedSizes(_ tensor: Tensor) throws(GraphError) -> [Int] {
  let sizes = tensor.integers ?? []
  for size in sizes where size < 0 { throw .invalidArgument("Dimension \(size) must be >= 0") }
  return sizes
}

/// A number that there are convolution kernels for.
protocol ConvolutionElement: Scalar {
  static var convolution: ConvolutionKernels<Self> { get }
}

/// The C functions of one element type; see NagareConvolution.h.
struct ConvolutionKernels<T> {
  typealias Geometry = UnsafePointer<nagare_convolution>?
  typealias Source = UnsafePointer<T>?
  typealias Target = UnsafeMutablePointer<T>?
  typealias Scratch = UnsafeMutableRawPointer?

  /// How an operation is divided into tasks.
  struct Division {
    let tasks: (Geometry) -> Int64
    let scratchBytes: (Geometry) -> Int64

    /// The number of tasks and the bytes of scratch memory for each.
    func of(_ geometry: nagare_convolution) -> (tasks: Int, scratchBytes: Int) {
      withUnsafePointer(to: geometry) { (Int(tasks($0)), Int(scratchBytes($0))) }
    }
  }

  /// How a filter is brought into the order in which tasks read it.
  struct Packing {
    let count: (Geometry) -> Int64
    let tasks: (Geometry) -> Int64
    let run: (Geometry, Source, Target, Int64) -> Void
    /// Whether it is for the gradient to the input.
    var isForInput = false

    /// The packed filter, computed by the context's threads; of a constant, the one of the last time
    /// if it fits.
    func packed(
      _ filter: Tensor, _ geometry: nagare_convolution, _ context: KernelContext
    ) throws(GraphError) -> Tensor where T: Scalar {
      guard filter.storage.isConstant else { return try pack(filter, geometry, context) }
      if let kept = filter.storage.packing.withLock(\.filter),
        kept.suits(T.dataType, geometry, isForInput: isForInput)
      {
        return kept.elements
      }
      let elements = try pack(filter, geometry, context)
      let packed = PackedFilter(elements, geometry, isForInput: isForInput)
      filter.storage.packing.withLock { if $0.isConstant { $0.filter = packed } }
      return elements
    }

    private func pack(
      _ filter: Tensor, _ geometry: nagare_convolution, _ context: KernelContext
    ) throws(GraphError) -> Tensor where T: Scalar {
      var shape = geometry
      let packed = try context.allocate(T.dataType, [Int(count(&shape))])
      let tasks = Int(tasks(&shape))
      let (source, target) = (filter.pointer(T.self), packed.mutablePointer(T.self))
      let run = run
      try context.run(tasks, scratch: 0) { task, _ in
        withUnsafePointer(to: geometry) { run($0, source, target, Int64(task)) }
      }
      return packed
    }
  }

  let packing: Packing
  let forwardDivision: Division
  let forward:
    (Geometry, Source, Source, UnsafePointer<nagare_epilogue>?, Target, Int64, Scratch) -> Void
  let inputGradientPacking: Packing
  let inputGradientDivision: Division
  let inputGradient: (Geometry, Source, Source, Source, Target, Int64, Scratch) -> Void
  let filterGradientDivision: Division
  let filterGradientParts: (Geometry) -> Int64
  let filterGradient: (Geometry, Source, Source, Target, Target, Int64, Scratch) -> Void
  let filterGradientSum: (Geometry, Source, Target) -> Void

  /// Convolves pictures with channels last into `output`, or pools the results as `Epilogue.unmanaged` says.
  ///
  /// - Precondition: no tensor is empty.
  func convolve(
    _ input: Tensor, _ filter: Tensor, _ geometry: nagare_convolution, _ context: KernelContext,
    _ epilogue: Epilogue, pooled: (Bool, winners: UnsafeMutablePointer<UInt8>?) = (false, nil),
    into output: Tensor
  ) throws(GraphError) where T: Scalar {
    let finish = epilogue.unmanaged(T.self, pooled: pooled)
    let packed = try packing.packed(filter, geometry, context)
    let (x, w, y) = (
      input.pointer(T.self), packed.pointer(T.self), output.mutablePointer(T.self)
    )
    let (tasks, bytes) = forwardDivision.of(geometry)
    try withExtendedLifetime(epilogue) { () throws(GraphError) in
      try context.run(tasks, scratch: bytes) { task, memory in
        withUnsafePointer(to: geometry) { shape in
          withUnsafePointer(to: finish) { forward(shape, x, w, $0, y, Int64(task), memory) }
        }
      }
    }
  }
}

/// A filter as kernels read it, kept beside the constant that it was made of.
struct PackedFilter: Sendable {
  let elements: Tensor
  private let geometry: nagare_convolution
  private let isForInput: Bool
  /// Kernels of another instruction set read another order.
  private let instructionSet: String

  init(_ elements: Tensor, _ geometry: nagare_convolution, isForInput: Bool) {
    self.elements = elements
    self.geometry = geometry
    self.isForInput = isForInput
    instructionSet = String(cString: nagare_kernels_instruction_set())
  }

  /// Whether this is what packing for `geometry` would give.
  func suits(_ type: DataType, _ geometry: nagare_convolution, isForInput: Bool) -> Bool {
    let isSame = withUnsafeBytes(of: self.geometry) { kept in
      withUnsafeBytes(of: geometry) { kept.elementsEqual($0) }
    }
    return isSame && isForInput == self.isForInput && type == elements.dataType
      && instructionSet == String(cString: nagare_kernels_instruction_set())
  }
}

extension Float: ConvolutionElement {
  static var convolution: ConvolutionKernels<Float> {
    ConvolutionKernels(
      packing: .init(
        count: nagare_conv2d_packed_count_f32, tasks: nagare_conv2d_pack_task_count_f32,
        run: nagare_conv2d_pack_f32),
      forwardDivision: .init(
        tasks: nagare_conv2d_task_count_f32, scratchBytes: nagare_conv2d_scratch_bytes_f32),
      forward: nagare_conv2d_f32,
      inputGradientPacking: .init(
        count: nagare_conv2d_input_gradient_packed_count_f32,
        tasks: nagare_conv2d_input_gradient_pack_task_count_f32,
        run: nagare_conv2d_input_gradient_pack_f32, isForInput: true),
      inputGradientDivision: .init(
        tasks: nagare_conv2d_input_gradient_task_count_f32,
        scratchBytes: nagare_conv2d_input_gradient_scratch_bytes_f32),
      inputGradient: nagare_conv2d_input_gradient_f32,
      filterGradientDivision: .init(
        tasks: nagare_conv2d_filter_gradient_task_count_f32,
        scratchBytes: nagare_conv2d_filter_gradient_scratch_bytes_f32),
      filterGradientParts: nagare_conv2d_filter_gradient_part_count_f32,
      filterGradient: nagare_conv2d_filter_gradient_f32,
      filterGradientSum: nagare_conv2d_filter_gradient_sum_f32)
  }
}

extension Double: ConvolutionElement {
  static var convolution: ConvolutionKernels<Double> {
    ConvolutionKernels(
      packing: .init(
        count: nagare_conv2d_packed_count_f64, tasks: nagare_conv2d_pack_task_count_f64,
        run: nagare_conv2d_pack_f64),
      forwardDivision: .init(
        tasks: nagare_conv2d_task_count_f64, scratchBytes: nagare_conv2d_scratch_bytes_f64),
      forward: nagare_conv2d_f64,
      inputGradientPacking: .init(
        count: nagare_conv2d_input_gradient_packed_count_f64,
        tasks: nagare_conv2d_input_gradient_pack_task_count_f64,
        run: nagare_conv2d_input_gradient_pack_f64, isForInput: true),
      inputGradientDivision: .init(
        tasks: nagare_conv2d_input_gradient_task_count_f64,
        scratchBytes: nagare_conv2d_input_gradient_scratch_bytes_f64),
      inputGradient: nagare_conv2d_input_gradient_f64,
      filterGradientDivision: .init(
        tasks: nagare_conv2d_filter_gradient_task_count_f64,
        scratchBytes: nagare_conv2d_filter_gradient_scratch_bytes_f64),
      filterGradientParts: nagare_conv2d_filter_gradient_part_count_f64,
      filterGradient: nagare_conv2d_filter_gradient_f64,
      filterGradientSum: nagare_conv2d_filter_gradient_sum_f64)
  }
}

extension Int32: ConvolutionElement {
  static var convolution: ConvolutionKernels<Int32> {
    ConvolutionKernels(
      packing: .init(
        count: nagare_conv2d_packed_count_i32, tasks: nagare_conv2d_pack_task_count_i32,
        run: nagare_conv2d_pack_i32),
      forwardDivision: .init(
        tasks: nagare_conv2d_task_count_i32, scratchBytes: nagare_conv2d_scratch_bytes_i32),
      forward: nagare_conv2d_i32,
      inputGradientPacking: .init(
        count: nagare_conv2d_input_gradient_packed_count_i32,
        tasks: nagare_conv2d_input_gradient_pack_task_count_i32,
        run: nagare_conv2d_input_gradient_pack_i32, isForInput: true),
      inputGradientDivision: .init(
        tasks: nagare_conv2d_input_gradient_task_count_i32,
        scratchBytes: nagare_conv2d_input_gradient_scratch_bytes_i32),
      inputGradient: nagare_conv2d_input_gradient_i32,
      filterGradientDivision: .init(
        tasks: nagare_conv2d_filter_gradient_task_count_i32,
        scratchBytes: nagare_conv2d_filter_gradient_scratch_bytes_i32),
      filterGradientParts: nagare_conv2d_filter_gradient_part_count_i32,
      filterGradient: nagare_conv2d_filter_gradient_i32,
      filterGradientSum: nagare_conv2d_filter_gradient_sum_i32)
  }
}
