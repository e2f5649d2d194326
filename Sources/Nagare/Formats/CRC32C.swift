import CNagareKernels

/// The checksum of TensorFlow's records, tables and checkpoints: CRC-32C, stored masked.
enum CRC32C {
  /// The checksum of `bytes` that follow bytes whose checksum is `crc`.
  static func checksum(_ bytes: UnsafeRawBufferPointer, extending crc: UInt32 = 0) -> UInt32 {
    guard let base = bytes.baseAddress else { return crc }
    return nagare_crc32c(crc, base, bytes.count)
  }

  /// The checksum of `bytes` that follow bytes whose checksum is `crc`.
  static func checksum(_ bytes: [UInt8], extending crc: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBytes { checksum($0, extending: crc) }
  }

  /// The form that is stored, so that the checksum of data that holds checksums stays useful.
  static func mask(_ crc: UInt32) -> UInt32 { ((crc >> 15) | (crc << 17)) &+ 0xa282_ead8 }

  /// The inverse of `mask`.
  static func unmask(_ masked: UInt32) -> UInt32 {
    let rotated = masked &- 0xa282_ead8
    return (rotated >> 17) | (rotated << 15)
  }
}
