import TektiteIrreps
import TektiteModelFiles

extension MACEDescription {
  /// Reads a MACE model out of a file that is open.
  /// - Throws: `ModelFileError` that names the module and what is missing, has the wrong shape, or is not supported.
  public init(_ file: ModelFile) throws(ModelFileError) {
    guard file.kind == .mace, let root = file.module else {
      throw ModelFileError(
        "holds a \(file.kind.rawValue); expected a whole MACE model as mace_run_train saves it", file: file.path)
    }
    try self.init(root)
  }

  /// Reads a MACE model out of its modules.
  /// - Throws: as above.
  init(_ root: TorchModule) throws(ModelFileError) {
    let className = MACEReader.shortName(root.className, in: "mace")
    guard className == "MACE" || className == "ScaleShiftMACE" else {
      throw MACEReader.error(root, "is of class '\(root.className)'; supported are MACE and ScaleShiftMACE")
    }
    if root.hasModule("joint_embedding") || root.hasModule("embedding_readout") {
      throw MACEReader.error(root, "takes charges, spins or other features beside the species, which is not supported")
    }
    let type = try root.tensor("node_embedding.linear.weight").type
    guard type == .float64 || type == .float32 else {
      throw MACEReader.error(root, "is kept in \(type.rawValue); expected single or double precision")
    }
    isSinglePrecision = type == .float32
    let reader = MACEReader(root: root, isSinglePrecision: isSinglePrecision)
    cutoff = try reader.number(root, "r_max")
    atomicNumbers = try reader.elements()
    let count = atomicNumbers.count
    let names = root.attribute("heads")?.elements
    heads = names?.compactMap(\.string) ?? ["Default"]
    guard !heads.isEmpty, heads.count == names?.count ?? 1, heads.count <= 1000 else {
      throw MACEReader.error(root, "has something in 'heads' that is not a list of names")
    }
    atomicEnergies = try reader.atomicEnergies(heads: heads.count, species: count)
    if className == "ScaleShiftMACE" {
      let block = try root.module("scale_shift")
      scale = try reader.perHead(block, "scale", heads.count)
      shift = try reader.perHead(block, "shift", heads.count)
    } else {
      scale = heads.map { _ in 1 }
      shift = heads.map { _ in 0 }
    }
    embedding = try reader.rows(try root.module("node_embedding.linear"), species: count)
    radial = try reader.radial(atomicNumbers)
    repulsion = root.attribute("pair_repulsion")?.bool == true ? try reader.repulsion(atomicNumbers) : nil
    let harmonics = try root.module("spherical_harmonics")
    largestDegree = try reader.integer(harmonics, "_lmax", 0...Wigner3j.largestDegree)
    guard try harmonics.requiredAttribute("normalize").bool == true,
      try harmonics.requiredAttribute("normalization").string == "component"
    else {
      throw MACEReader.error(harmonics, "has another normalisation than that of components of unit vectors")
    }

    var interactions: [Interaction] = []
    for (_, module) in try root.module("interactions").children {
      interactions.append(try reader.interaction(module, species: count))
    }
    var products: [Product] = []
    for (_, module) in try root.module("products").children {
      products.append(try reader.product(module, species: count))
    }
    var readouts: [Readout] = []
    for (_, module) in try root.module("readouts").children {
      readouts.append(try reader.readout(module, heads: heads.count))
    }
    guard !interactions.isEmpty, interactions.count == products.count,
      readouts.count == products.count || readouts.count <= 1
    else {
      throw MACEReader.error(
        root,
        "has \(interactions.count) interactions, \(products.count) products and \(readouts.count) readouts, which does not fit"
      )
    }
    (self.interactions, self.products, self.readouts) = (interactions, products, readouts)
    for (k, interaction) in interactions.enumerated()
    where interaction.paths.contains(where: { $0.degree > largestDegree }) {
      throw MACEReader.error(
        try root.module("interactions.\(k)"),
        "uses harmonics of higher degree than \(largestDegree), which the model has")
    }
  }
}

extension MACEReader {
  /// Atomic numbers, which the files of 2022 keep as a list of numpy's numbers.
  func elements() throws(ModelFileError) -> [Int] {
    let values = try numbers(root, "atomic_numbers")
    guard !values.isEmpty, values.allSatisfy({ $0 >= 1 && $0 <= 118 && $0 == $0.rounded() }),
      Set(values).count == values.count
    else { throw Self.error(root, "has something in 'atomic_numbers' that is not a list of different elements") }
    return values.map { Int($0) }
  }

  /// E0, kept as [species] or [heads, species].
  func atomicEnergies(heads: Int, species: Int) throws(ModelFileError) -> [[Double]] {
    let block = try root.module("atomic_energies_fn")
    let shape = try block.tensor("atomic_energies").shape
    guard shape == [heads, species] || shape == [species] && heads == 1 else {
      throw Self.error(
        block, "has 'atomic_energies' of shape \(shape); expected \(species) numbers for each of \(heads) heads")
    }
    let all = try values(block, "atomic_energies")
    return (0..<heads).map { Array(all[($0 * species)..<(($0 + 1) * species)]) }
  }

  /// One number for each head, or (kept as a scalar) one for all.
  func perHead(_ module: TorchModule, _ name: String, _ heads: Int) throws(ModelFileError) -> [Double] {
    let values = try numbers(module, name)
    guard values.count == heads else {
      throw Self.error(module, "has \(values.count) numbers as '\(name)'; expected one for each of \(heads) heads")
    }
    return values
  }

  /// Radii of the elements out of a table by atomic number.
  func radii(_ module: TorchModule, _ atomicNumbers: [Int]) throws(ModelFileError) -> [Double] {
    let table = try values(module, "covalent_radii")
    guard atomicNumbers.allSatisfy({ $0 < table.count && table[$0] > 0 }) else {
      throw Self.error(module, "has no covalent radius of some of the model's elements")
    }
    return atomicNumbers.map { table[$0] }
  }

  /// Basis, transform and cutoff.
  func radial(_ atomicNumbers: [Int]) throws(ModelFileError) -> MACEDescription.Radial {
    let block = try root.module("radial_embedding")
    let function = try block.module("bessel_fn")
    let basis: RadialBasis
    switch Self.shortName(function.className, in: "mace") {
    case "BesselBasis":
      basis = .bessel(
        frequencies: try values(function, "bessel_weights"), prefactor: try number(function, "prefactor"))
    case "GaussianBasis":
      basis = .gaussian(
        centers: try values(function, "gaussian_weights"), coefficient: try number(function, "coeff"))
    case "ChebychevBasis":
      let orders = try values(function, "n")
      guard !orders.isEmpty, orders == (1...orders.count).map({ Double($0) }) else {
        throw Self.error(function, "has other orders than 1, 2, … as 'n'")
      }
      basis = .chebyshev(count: orders.count)
    default:
      throw Self.error(
        function, "is of class '\(function.className)'; supported are BesselBasis, GaussianBasis and ChebychevBasis")
    }
    var transform = DistanceTransform.identity
    if block.hasModule("distance_transform") {
      let module = try block.module("distance_transform")
      let radii = try radii(module, atomicNumbers)
      switch Self.shortName(module.className, in: "mace") {
      case "AgnesiTransform":
        transform = .agnesi(
          q: try number(module, "q"), p: try number(module, "p"), a: try number(module, "a"), radii: radii)
      case "SoftTransform": transform = .soft(alpha: try number(module, "alpha"), radii: radii)
      default:
        throw Self.error(
          module, "is of class '\(module.className)'; supported are AgnesiTransform and SoftTransform")
      }
    }
    let cutoff = try block.module("cutoff_fn")
    guard Self.shortName(cutoff.className, in: "mace") == "PolynomialCutoff" else {
      throw Self.error(cutoff, "is of class '\(cutoff.className)'; supported is PolynomialCutoff")
    }
    let envelope = PolynomialEnvelope(
      exponent: try integer(cutoff, "p", 1...1000), cutoff: try number(cutoff, "r_max"))
    // Files from before the choice have no attribute.
    let isCut = block.attribute("apply_cutoff")?.bool ?? true
    return .init(
      basis: basis, transform: transform, envelope: envelope, envelopePlace: isCut ? .basis : .result)
  }

  /// MACE's ZBL. The decays and the constants of units are part of its code, not of its files.
  func repulsion(_ atomicNumbers: [Int]) throws(ModelFileError) -> PairRepulsion {
    let module = try root.module("pair_repulsion_fn")
    guard Self.shortName(module.className, in: "mace") == "ZBLBasis" else {
      throw Self.error(module, "is of class '\(module.className)'; supported is ZBLBasis")
    }
    let radii = try radii(module, atomicNumbers)
    return PairRepulsion(
      coulomb: 14.3996, weights: try values(module, "c", shape: [4]), decays: [3.2, 0.9423, 0.4028, 0.2016],
      screeningLength: try number(module, "a_prefactor") * 0.529, screeningExponent: try number(module, "a_exp"),
      charges: atomicNumbers.map { Double($0) }, cutoffs: radii.map { a in radii.map { a + $0 } },
      envelopeExponent: try integer(module, "p", 1...1000), factor: 1)
  }
}
