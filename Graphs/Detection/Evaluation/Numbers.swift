import Foundation

/// A number with this many digits after the point.
func fixed(_ value: Double, _ digits: Int) -> String {
  String(format: "%.\(digits)f", locale: Locale(identifier: "en_US_POSIX"), value)
}

/// A number with up to six significant digits and none that is not needed.
func shortest(_ value: Double) -> String {
  String(format: "%.6g", locale: Locale(identifier: "en_US_POSIX"), value)
}

/// The logarithm to base ten.
func logarithm(_ value: Double) -> Double { log10(value) }
