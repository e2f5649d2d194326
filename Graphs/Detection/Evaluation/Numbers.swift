import Foundation

/// A number with this many digits after the point.
func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

/// A number with up to six significant digits and none that is not needed, as `0.25` or `5e-5`.
func shortest(_ value: Double) -> String {
  String(format: "%.6g", value).replacing(/e([-+])0/) { "e\($0.1)" }
}
