/// The colours and strokes of plots.
enum PlotStyle {
  /// The number of colours before lines are dashed.
  static let colors = 7

  /// Colours that the colour-blind tell apart (the set of Okabe and Ito, 2008, darkened and lightened for enough contrast on paper and
  /// on black).
  private static let light = ["#0067a5", "#c34a00", "#007a5a", "#a2478a", "#9a6a00", "#2b8fc9", "#444444"]
  private static let dark = ["#5bb4f0", "#ff8f4f", "#35c79b", "#e08cc4", "#e3b341", "#9fd3f5", "#c9c9c9"]

  /// The variables of a page for a light and for a dark screen.
  static let lightVariables = variables(light, ink: "#1c1e21", faded: "#5c6168", rule: "#8a8f96")
  static let darkVariables = variables(dark, ink: "#e6e6e3", faded: "#a3a8ae", rule: "#767c83")

  private static func variables(_ colors: [String], ink: String, faded: String, rule: String) -> String {
    colors.enumerated().map { "--c\($0):\($1);" }.joined() + "--ink:\(ink);--faded:\(faded);--rule:\(rule);"
  }

  /// The rules of a page, which knows the variables.
  static let page = rules { "var(--\($0))" }

  /// The rules of a file of its own: without variables, which few programs but browsers know.
  static let file: String = {
    let ink = ["ink": "#1c1e21", "faded": "#5c6168", "rule": "#8a8f96"]
    return rules { name in ink[name] ?? name.dropFirst().first.flatMap(\.wholeNumberValue).map { light[$0] } ?? "#000" }
      + ".plot{font-family:Helvetica,Arial,sans-serif}"
  }()

  private static func rules(_ color: (String) -> String) -> String {
    var text = ".plot .axis{fill:none;stroke:\(color("rule"));stroke-width:.8}"
    text += ".plot .zero{fill:none;stroke:\(color("rule"));stroke-width:.6;stroke-dasharray:2 3}"
    text += ".plot .tick{fill:\(color("faded"))}.plot .title{fill:\(color("ink"))}"
    text += ".plot .line{fill:none;stroke-width:1.3;stroke-linejoin:round;stroke-linecap:round}"
    text += ".plot .faint{fill:none;stroke-width:.7;stroke-opacity:.38;stroke-linejoin:round}"
    // A fitted function is the colour of ink, so that it is seen on the line through its points.
    text += ".plot .fit{fill:none;stroke-width:1.1;stroke-dasharray:5 3;stroke:\(color("ink")) !important}"
    text += ".plot .dashed{stroke-dasharray:6 4}.plot .dotted{stroke-dasharray:1.5 3.5}"
    text += ".plot .bar{fill:none;stroke-width:.9}.plot .band{stroke:none;fill-opacity:.2}"
    text += ".plot .mark{stroke:none}"
    for index in 0..<colors {
      let value = color("c\(index)")
      text += ".plot .c\(index){stroke:\(value)}.plot .c\(index) .mark,.plot .c\(index) .band{fill:\(value)}"
      text += ".plot .name.c\(index){stroke:none;fill:\(value)}"
    }
    return text
  }
}
