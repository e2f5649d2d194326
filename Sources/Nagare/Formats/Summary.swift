import NagareMessages

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What TensorBoard shows of one step: TensorFlow's `Summary`.
public struct Summary: Sendable, Equatable {
  /// One entry.
  public struct Value: Sendable, Equatable {
    /// The name of the curve or picture.
    public var tag: String
    public var content: Content
    /// The part of TensorBoard that shows it, where a file names one.
    public var plugin: String

    public init(tag: String, _ content: Content, plugin: String = "") {
      self.tag = tag
      self.content = content
      self.plugin = plugin
    }
  }

  /// The kinds of entries.
  public enum Content: Sendable, Equatable {
    case scalar(Float)
    /// A PNG or JPEG file of `channels` values a pixel: 1 grey, 2 with alpha, 3 RGB, 4 RGBA.
    case image(width: Int, height: Int, channels: Int, encoded: [UInt8])
    case histogram(Histogram)
    case tensor(Tensor)
    /// A kind that the engine does not write: sound, or nothing.
    case other
  }

  public var values: [Value]

  public init(_ values: [Value] = []) { self.values = values }

  /// - Throws: `dataLoss` for bytes that are no summary.
  public init(serialized bytes: [UInt8]) throws(GraphError) {
    self.init(try Tensorflow_Summary(binary: bytes, "Summary"))
  }

  /// The message in binary form, the value of a summary op.
  ///
  /// - Throws: `unimplemented` for a tensor that is no value.
  public func serialized() throws(GraphError) -> [UInt8] { try message().binary() }

  init(_ message: Tensorflow_Summary) {
    values = message.value.map { value in
      let content: Content
      switch value.value {
      case .simpleValue(let number): content = .scalar(number)
      case .image(let image):
        content = .image(
          width: Int(image.width), height: Int(image.height), channels: Int(image.colorspace),
          encoded: [UInt8](image.encodedImageString))
      case .histo(let histogram): content = .histogram(Histogram(histogram))
      case .tensor(let tensor): content = (try? Tensor(tensor)).map { .tensor($0) } ?? .other
      case .audio, .obsoleteOldStyleHistogram, nil: content = .other
      }
      return Value(tag: value.tag, content, plugin: value.metadata.pluginData.pluginName)
    }
  }

  func message() throws(GraphError) -> Tensorflow_Summary {
    var message = Tensorflow_Summary()
    for value in values {
      var entry = Tensorflow_Summary.Value()
      entry.tag = value.tag
      if !value.plugin.isEmpty { entry.metadata.pluginData.pluginName = value.plugin }
      switch value.content {
      case .scalar(let number): entry.simpleValue = number
      case .image(let width, let height, let channels, let encoded):
        entry.image.width = Int32(clamping: width)
        entry.image.height = Int32(clamping: height)
        entry.image.colorspace = Int32(clamping: channels)
        entry.image.encodedImageString = Data(encoded)
      case .histogram(let histogram): entry.histo = histogram.message
      case .tensor(let tensor): entry.tensor = try tensor.message()
      case .other: break
      }
      message.value.append(entry)
    }
    return message
  }
}
