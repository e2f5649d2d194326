/// A font of 5 × 7 dots for the printable ASCII characters.
enum BitmapFont {
  static let width = 5
  static let height = 7

  /// From the space on, a word a character: seven rows from the top, each one digit of base 32
  /// whose five bits are the dots from left to right.
  private static let rows: [[UInt8]] = """
    0000000 4444404 AA00000 AAVAVAA 4FKE5U4 OP248J3 CIK8LID 4400000 2488842 8422248 04LEL40
    044V440 0000448 000E000 00000CC 01248G0 EHJLPHE 4C4444E EH1248V V2421HE 26AIV22 VGU11HE
    68GUHHE V124888 EHHEHHE EHHF12C 0CC0CC0 0CC0C48 248G842 00V0V00 8421248 EH12404 EH1DLLE
    EHHVHHH UHHUHHU EHGGGHE SIHHHIS VGGUGGV VGGUGGG EHGNHHF HHHVHHH E44444E 72222IC HIKOKIH
    GGGGGGV HRLLHHH HHPLJHH EHHHHHE UHHUGGG EHHHLID UHHUKIH FGGE11U V444444 HHHHHHE HHHHHA4
    HHHLLLA HHA4AHH HHHA444 V1248GV E88888E 0G84210 E22222E 4AH0000 000000V 8420000 00E1FHF
    GGMPHHU 00EGGHE 11DJHHF 00EHVGE 698S888 0FHHF1E GGMPHHH 40C444E 20622IC GGIKOKI C44444E
    00QLLHH 00MPHHH 00EHHHE 00UHUGG 00DJF11 00MPGGG 00FGE1U 88S8896 00HHHJD 00HHHA4 00HHLLA
    00HA4AH 00HHF1E 00V248V 2448442 4444444 8442448 0008L20
    """.split(whereSeparator: \.isWhitespace).map { word in
      word.utf8.map { $0 < 0x41 ? $0 - 0x30 : $0 - 0x41 + 10 }
    }

  /// Whether the dot in this column and row is set; characters that the font lacks are a frame.
  static func isSet(_ character: UInt8, column: Int, row: Int) -> Bool {
    guard 0..<width ~= column, 0..<height ~= row else { return false }
    let index = Int(character) - 0x20
    guard rows.indices.contains(index) else {
      return column == 0 || column == width - 1 || row == 0 || row == height - 1
    }
    return rows[index][row] >> UInt8(width - 1 - column) & 1 == 1
  }
}
