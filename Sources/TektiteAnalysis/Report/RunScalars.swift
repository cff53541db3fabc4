import Foundation

extension RunContents {
  /// A number that a run amounts to.
  public struct Scalar: Hashable, Sendable {
    /// Stage, quantity, and what else tells it apart: `production.potential_per_atom`.
    public var name: String
    /// Its value.
    public var value: Double
  }

  /// What `run.json` says about how the run stands; nil without one.
  public var status: String? { record?.status }

  /// The numbers of a run: means over the second halves of its tables with their errors, what was read off observables, and certificates. Those of tables have the units of
  /// the report, those of observables the units of their tables.
  public var scalars: [Scalar] {
    var scalars: [Scalar] = []
    func add(_ name: String, _ unit: String, _ value: Double?, _ error: Double?) {
      guard let value, value.isFinite else { return }
      let tail = unit.isEmpty ? "" : " (\(unit))"
      scalars.append(Scalar(name: name + tail, value: value))
      if let error, error.isFinite { scalars.append(Scalar(name: name + "_error" + tail, value: error)) }
    }
    for table in tables {
      let stem = (table.file as NSString).deletingPathExtension
      for course in table.courses where course.envelope.count > 0 {
        let name = "\(stem).\(course.column)" + (course.title.hasSuffix("per atom") ? "_per_atom" : "")
        if course.isAveraged {
          let average = course.series.secondHalf
          add(name, course.axis.unit, average?.mean, average?.error)
        } else {
          add(name + "_last", course.axis.unit, course.ends?.1, nil)
        }
      }
    }
    for (_, report) in reports {
      for table in report.tables {
        for finding in table.findings {
          add("\(report.source).\(table.kind).\(finding.name)", finding.unit, finding.value, finding.error)
        }
      }
    }
    for (_, certificate) in certificates {
      let stem = "\(certificate.source).certificate"
      add(stem, "", certificate.isEquilibrium ? 1 : 0, nil)
      for check in certificate.checks { add("\(stem).\(check.name)", "", check.value, nil) }
      add("\(stem).tau_alpha", "", certificate.relaxationTime, certificate.relaxationTimeError)
    }
    return scalars
  }
}
